"""One token dies before it expires: RFC 7009. Its key lives on, and so do the key's other tokens."""

import datetime as dt
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
import time_machine

from ostiary import clock
from ostiary.applications import service as applications
from ostiary.errors import StoreUnavailable
from ostiary.events.models import Event
from ostiary.oauth import revocation
from ostiary.oauth.models import Revocation
from tests.oauth.desk import (
    OPERATOR,
    Answer,
    Desk,
    Key,
    assert_refused,
    claims_of,
    made_elsewhere,
    own_token,
    signed_by,
)
from tests.oauth.window import FORM, JSON, assert_never_stored, basic, pair
from tests.oauth.window import assert_refused as assert_oauth_refused


def revoke(desk: Desk, key: Key, token: str, **more: str) -> Answer:
    body = json.dumps(pair(key) | {"token": token} | more).encode()
    answer = desk.request("/oauth/revoke", [JSON], method="POST", body=body)
    assert_never_stored(answer)
    return answer


def rows(desk: Desk) -> list[tuple[str, dt.datetime]]:
    with desk.store.reading() as db:
        return [(row.jti, row.expires_at) for row in db.scalars(sa.select(Revocation))]


@pytest.mark.parametrize("who", ["north", "acme"])
def test_refuses_the_token_at_once_and_no_other(desk: Desk, who: str) -> None:
    key: Key = getattr(desk, who)
    token, other = desk.token(key), desk.token(key)
    answer = revoke(desk, key, token)
    assert (answer.status, answer.json) == (200, {})
    assert_refused(desk.show(token), "Token revoked")
    assert desk.show(other).status == 200
    assert desk.show(desk.token(key)).status == 200


def test_takes_the_pair_and_the_token_as_a_form(desk: Desk) -> None:
    """RFC 7009 §2.1, as every client writes it."""
    token = desk.token(desk.north)
    body = urlencode({"token": token, "token_type_hint": "access_token"}).encode()
    headers = [FORM, basic(desk.north.client_id, desk.north.secret)]
    assert desk.request("/oauth/revoke", headers, method="POST", body=body).status == 200
    assert_refused(desk.show(token), "Token revoked")


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "made_up", ""])
def test_believes_no_hint(desk: Desk, hint: str) -> None:
    token = desk.token(desk.north)
    assert revoke(desk, desk.north, token, token_type_hint=hint).status == 200
    assert_refused(desk.show(token), "Token revoked")


def test_leaves_the_tokens_of_others_alone(desk: Desk) -> None:
    twin = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    token = desk.token(desk.north)
    for stranger in (desk.acme, twin):
        assert_oauth_refused(revoke(desk, stranger, token), "invalid_grant", says="another key")
    assert desk.show(token).status == 200
    assert rows(desk) == []


def test_has_nothing_to_do_for_what_opens_nothing(desk: Desk) -> None:
    """RFC 7009 §2.2: the caller wanted it not to work, and it does not."""
    token = desk.token(desk.north)
    expired = own_token(desk.ostiary, claims_of(token) | {"exp": int(clock.seconds())})
    for nothing in ("x", "a.b.c", token[:-4] + "AAAA", token.upper(), "ü.ü.ü", "x" * 9000, expired):
        assert (answer := revoke(desk, desk.north, nothing)).status == 200, answer.body
    assert rows(desk) == []
    assert desk.show(token).status == 200


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("around", ["{}\n", " {}", "{} {}", " "])
def test_takes_no_token_with_blanks_for_an_unknown_one(desk: Desk, path: str, around: str) -> None:
    token = desk.token(desk.north)
    body = json.dumps(pair(desk.north) | {"token": around.format(token, token)}).encode()
    assert_oauth_refused(desk.request(path, [JSON], method="POST", body=body), "invalid_request", says="without blanks")
    assert desk.show(token).status == 200


def test_knows_the_signing_key_that_another_process_has_just_made(desk: Desk) -> None:
    """Until the next look at the keys, a second away, its tokens would be called strange and live on."""
    claims = claims_of(desk.token(desk.north))
    token = signed_by(made_elsewhere(desk), claims)
    assert revoke(desk, desk.north, token).status == 200
    assert [jti for jti, _ in rows(desk)] == [claims["jti"]]
    assert_refused(desk.show(token), "Token revoked")


def test_says_nothing_of_a_strange_token_while_the_keys_cannot_be_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_by(made_elsewhere(desk), claims_of(desk.token(desk.north)))

    def fails() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(desk.ostiary.keys, "refresh", fails)
    body = json.dumps(pair(desk.north) | {"token": token}).encode()
    assert desk.request("/oauth/revoke", [JSON], method="POST", body=body).status == 503


def test_writes_a_row_and_an_event_once(desk: Desk) -> None:
    token = desk.token(desk.north)
    for _ in range(2):
        assert revoke(desk, desk.north, token).status == 200
    claims = claims_of(token)
    assert [(jti, moment.timestamp()) for jti, moment in rows(desk)] == [(claims["jti"], claims["exp"])]
    with desk.store.reading() as db:
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "token.revoked"))
    assert (event.facts, event.bank_guid, event.address) == ({"jti": claims["jti"]}, desk.north.bank_guid, "127.0.0.1")
    assert (event.actor_subject, event.actor_guid) == ("bank", event.object_guid)


def test_takes_the_row_away_when_the_token_would_be_over(desk: Desk) -> None:
    old, young = desk.token(desk.north), desk.token(desk.acme)
    assert revoke(desk, desk.north, old).status == revoke(desk, desk.acme, young).status == 200
    over = {claims_of(token)["exp"]: claims_of(token)["jti"] for token in (old, young)}
    with time_machine.travel(min(over), tick=False):
        revocation.prune(desk.store)
    assert [jti for jti, _ in rows(desk)] == [over[max(over)]]
    with time_machine.travel(max(over), tick=False):
        revocation.prune(desk.store)
    assert rows(desk) == []


def test_never_says_done_when_it_was_not(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(desk.north)

    def fails(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("INSERT", None, OSError("the disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(revocation, "record", fails)
        answer = revoke(desk, desk.north, token)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert desk.show(token).status == 200
    assert revoke(desk, desk.north, token).status == 200
    assert_refused(desk.show(token), "Token revoked")


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_asks_who_is_asking(desk: Desk, path: str) -> None:
    token = desk.token(desk.north)

    def sent(members: dict[str, str], query: bytes = b"") -> Answer:
        body = json.dumps(members).encode()
        return desk.request(path, [JSON], method="POST", body=body, query=query)

    wrong = replace(desk.north, secret=desk.acme.secret)
    assert_oauth_refused(sent({"token": token}), "invalid_client", 401)
    assert_oauth_refused(sent(pair(wrong) | {"token": token}), "invalid_client", 401, "authentication failed")
    assert_oauth_refused(sent(pair(desk.north)), "invalid_request", says="Send the token")
    assert_oauth_refused(sent(pair(desk.north), b"token=" + token.encode()), "invalid_request", says="into the body")
    assert_oauth_refused(desk.request(path, [JSON]), "invalid_request", 405)
    big = pair(desk.north) | {"token": "x" * 17_000}
    assert_oauth_refused(sent(big), "invalid_request", 413)
    with desk.store.writing() as db:
        applications.pause(db, OPERATOR, desk.kind(desk.north), desk.north.client_id)
    assert_oauth_refused(sent(pair(desk.north) | {"token": token}), "invalid_client", 401, "Credential paused")
    assert rows(desk) == []


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_obeys_the_address_list_of_whoever_asks(desk: Desk, path: str) -> None:
    key = desk.key(desk.north.organization_guid, desk.north.bank_guid, "203.0.113.0/24")
    body = json.dumps(pair(key) | {"token": desk.token(key, peer="203.0.113.7")}).encode()
    refused = desk.request(path, [JSON], method="POST", body=body)
    assert_oauth_refused(refused, "invalid_client", 401, "may not be used from the address 127.0.0.1")
    assert desk.request(path, [JSON], method="POST", body=body, peer="203.0.113.7").status == 200
