"""Signing out of a program, which has no pair: RFC 7009. Keys have no say in it, and are told no more than they may."""

import json

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.events.models import Event
from ostiary.settings import Settings
from ostiary.users import logins as logins_of_people
from ostiary.users.models import Login
from tests.oauth.desk import Desk, claims_of, made_elsewhere, own_token, signed_by
from tests.oauth.test_introspection import NO, introspect
from tests.oauth.test_revocation import revoke
from tests.oauth.window import assert_refused as assert_oauth_refused
from tests.people import Cast
from tests.programs import Program, refusal, signed_in

pytestmark = pytest.mark.any_database


@pytest.fixture
def cast(desk: Desk, settings: Settings) -> Cast:
    return Cast(desk.ostiary, settings)


def logins(cast: Cast) -> int:
    with cast.store.reading() as db:
        return len(db.scalars(sa.select(Login)).all())


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_ends_the_login_with_either_of_its_tokens(cast: Cast, program: Program, which: str) -> None:
    mine, other = (signed_in(cast, program, name) for name in ("Alice", "Dana"))
    answer = program.revoke(mine[which])
    assert (answer.status_code, answer.json()) == (200, {})
    assert program.get("/api/banks", mine["access_token"]).status_code == 401
    assert refusal(program.refresh(mine["refresh_token"])) == (400, "invalid_grant")
    assert program.get("/api/banks", other["access_token"]).status_code == 200
    with cast.store.reading() as db:
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "login.deleted"))
    assert event.actor_guid == cast["Alice"].membership_guid
    assert "presented_twice" not in event.facts
    # RFC 7009 §2.2: it is over, which was wanted.
    assert program.revoke(mine[which]).status_code == 200


def test_ends_it_with_a_used_refresh_token_too(cast: Cast, program: Program) -> None:
    first = signed_in(cast, program, "Alice")
    program.refresh(first["refresh_token"])
    assert program.revoke(first["refresh_token"]).status_code == 200
    assert logins(cast) == 0


def test_has_nothing_to_do_for_what_opens_nothing(cast: Cast, program: Program, desk: Desk) -> None:
    mine = signed_in(cast, program, "Alice")
    token = mine["access_token"]
    strange = own_token(desk.ostiary, claims_of(token) | {"sid": "0" * 32})
    for nothing in ("x", "a.b.c", token[:-4] + "AAAA", "ost_refresh_" + "a" * 49, strange):
        assert program.revoke(nothing).status_code == 200
    assert logins(cast) == 1


def test_ends_it_with_an_access_token_that_has_expired(cast: Cast, program: Program, desk: Desk) -> None:
    """The login outlives its access tokens, so a program that was closed for an hour signs out with an old one."""
    mine = signed_in(cast, program, "Alice")
    expired = own_token(desk.ostiary, claims_of(mine["access_token"]) | {"exp": int(clock.seconds()) - 3600})
    assert program.revoke(expired).status_code == 200
    assert refusal(program.refresh(mine["refresh_token"])) == (400, "invalid_grant")
    assert logins(cast) == 0


def test_ends_it_with_a_token_of_a_signing_key_that_another_process_has_just_made(
    cast: Cast, program: Program, desk: Desk
) -> None:
    mine = signed_in(cast, program, "Alice")
    other = made_elsewhere(desk)
    assert program.revoke(signed_by(other, claims_of(mine["access_token"]))).status_code == 200
    assert logins(cast) == 0


def test_leaves_the_tokens_of_keys_alone(cast: Cast, program: Program, desk: Desk) -> None:
    assert cast.acme
    token = desk.token(desk.north)
    assert refusal(program.revoke(token)) == (400, "invalid_grant")
    assert desk.show(token).status == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_leaves_logins_alone_for_keys(cast: Cast, program: Program, desk: Desk, which: str) -> None:
    mine = signed_in(cast, program, "Alice")
    for key in (desk.north, desk.acme, desk.key(cast.acme)):
        assert_oauth_refused(revoke(desk, key, mine[which]), "invalid_grant", says="another key")
    assert program.get("/api/banks", mine["access_token"]).status_code == 200


def test_takes_no_secret_from_a_program_without_one(program: Program) -> None:
    answer = program.post("/oauth/revoke", token="x", client_secret="y")
    assert refusal(answer) == (401, "invalid_client")
    assert refusal(program.post("/oauth/revoke")) == (400, "invalid_request")


def test_never_says_done_when_it_was_not(cast: Cast, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = signed_in(cast, program, "Alice")

    def fails(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("DELETE", None, OSError("the disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(logins_of_people, "end", fails)
        answer = program.revoke(mine["refresh_token"])
    assert refusal(answer) == (503, "temporarily_unavailable")
    assert program.refresh(mine["refresh_token"]).status_code == 200


def test_tells_keys_of_the_organization_about_its_logins(cast: Cast, program: Program, desk: Desk) -> None:
    token = signed_in(cast, program, "Dana", bank_guid=cast.north)["access_token"]
    claims = claims_of(token)
    told = introspect(desk, desk.key(cast.acme), token).json
    assert (told["active"], told["sid"], told["sub_type"]) == (True, claims["sid"], "user")
    assert (told["sub"], told["bank_guid"]) == (cast["Dana"].membership_guid, cast.north)
    # Who that is, is nobody's business there.
    assert not {"username", "name", "email"} & told.keys()
    assert "dana" not in json.dumps(told).lower()
    for other in (desk.key(cast.acme, cast.north), desk.key(cast.globex), desk.acme):
        assert introspect(desk, other, token).body == NO


def test_knows_at_once_that_a_login_has_ended(cast: Cast, program: Program, desk: Desk) -> None:
    mine = signed_in(cast, program, "Alice")
    key = desk.key(cast.acme)
    assert introspect(desk, key, mine["access_token"]).json["active"] is True
    program.revoke(mine["refresh_token"])
    assert introspect(desk, key, mine["access_token"]).body == NO
    assert introspect(desk, key, mine["refresh_token"]).body == NO


def test_asks_for_a_pair_before_it_introspects(cast: Cast, program: Program) -> None:
    mine = signed_in(cast, program, "Alice")
    assert refusal(program.post("/oauth/introspect", token=mine["access_token"])) == (401, "invalid_client")
