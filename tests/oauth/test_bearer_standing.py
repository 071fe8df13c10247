"""What is said about a key holds from the very next request on, for tokens already issued as well."""

import datetime as dt
import ipaddress
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications import service as applications
from ostiary.applications.models import Application
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.crypto.es256 import PrivateKey
from ostiary.oauth.models import Revocation, SigningKey
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from ostiary.web.schemas import read_as
from tests.apps import app_on
from tests.oauth.desk import (
    OPERATOR,
    Desk,
    Key,
    assert_refused,
    claims_of,
    header_of,
    made_elsewhere,
    open_desk,
    own_token,
    publish,
    signed_by,
)

ADDRESS_TEXT = "This key may not be used from the address of this request"


def change(desk: Desk, what: Callable[..., object], key: Key) -> None:
    with desk.store.writing() as db:
        what(db, OPERATOR, desk.kind(key), key.client_id)


def allow(desk: Desk, key: Key, *addresses: str) -> None:
    with desk.store.writing() as db:
        sent = read_as(ApplicationChanges, ip_allowlist=list(addresses))
        applications.update(db, OPERATOR, desk.kind(key), key.client_id, sent)


def close_organization(desk: Desk, *, is_closed: bool = True) -> None:
    with desk.store.writing() as db:
        closed_at = clock.now() if is_closed else None
        db.execute(sa.update(Organization).values(closed_at=closed_at))


def expire(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        ended = sa.update(Application).values(expires_at=clock.now() - dt.timedelta(milliseconds=1))
        db.execute(ended.where(Application.client_id == key.client_id))


def revoke_token(desk: Desk, jti: str) -> None:
    with desk.store.writing() as db:
        guid = db.scalars(sa.select(Application.guid)).first()
        expires_at = clock.now() + dt.timedelta(hours=8)
        db.add(Revocation(jti=jti, application_guid=guid, expires_at=expires_at))


def assert_forbidden_from_here(desk: Desk, token: str, peer: str) -> None:
    answer = desk.show(token, peer=peer)
    assert (answer.status, answer.json["message_code"], answer.json["reason"]) == (403, "forbidden", ADDRESS_TEXT)


@pytest.mark.parametrize("who", ["north", "acme"])
def test_refuses_a_paused_key_and_takes_it_back_when_resumed(desk: Desk, who: str) -> None:
    key: Key = getattr(desk, who)
    token = desk.token(key)
    for _ in range(3):
        assert desk.show(token).status == 200
        change(desk, applications.pause, key)
        assert_refused(desk.show(token), "Credential paused")
        assert desk.ask(key).json["error_description"] == "Credential paused"
        change(desk, applications.resume, key)
    assert desk.show(token).status == 200
    assert desk.show(desk.token(key)).status == 200


@pytest.mark.parametrize("who", ["north", "acme"])
def test_refuses_a_revoked_key_for_good(desk: Desk, who: str) -> None:
    key: Key = getattr(desk, who)
    token, narrow = desk.token(key), desk.token(key, "banks:read")
    assert desk.show(token).status == 200
    change(desk, applications.revoke, key)
    for each in (token, narrow):
        assert_refused(desk.show(each), "Credential revoked")
    assert desk.ask(key).json["error_description"] == "Credential revoked"


def test_refuses_the_tokens_of_a_key_that_expired_before_them(desk: Desk) -> None:
    token = desk.token(desk.north)
    assert desk.show(token).status == 200
    expire(desk, desk.north)
    assert_refused(desk.show(token), "Credential has expired")
    assert desk.ask(desk.north).json["error_description"] == "Credential has expired"


def test_refuses_a_key_at_the_very_moment_it_expires(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(desk.north)
    with desk.store.reading() as db:
        application = db.scalars(sa.select(Application).where(Application.client_id == desk.north.client_id)).one()
        end = application.expires_at.timestamp()
    lasting = own_token(desk.ostiary, claims_of(token) | {"exp": int(end) + 600})
    moments = iter([end - 0.001, end])
    monkeypatch.setattr(clock, "seconds", lambda: next(moments))
    assert desk.show(lasting).status == 200
    assert_refused(desk.show(lasting), "Credential has expired")


def test_refuses_the_keys_of_a_closed_bank_until_it_reopens(desk: Desk) -> None:
    token, of_organization = desk.token(desk.north), desk.token(desk.acme)
    with desk.store.writing() as db:
        banks.close(db, OPERATOR, desk.north.bank_guid)
    assert_refused(desk.show(token), "Bank closed")
    assert desk.ask(desk.north).json["error_description"] == "Bank closed"
    assert desk.show(of_organization).status == 200
    with desk.store.writing() as db:
        banks.reopen(db, OPERATOR, desk.north.bank_guid)
    assert desk.show(token).status == 200


def test_refuses_every_key_of_a_closed_organization(desk: Desk) -> None:
    tokens = [desk.token(desk.north), desk.token(desk.acme)]
    close_organization(desk)
    for token in tokens:
        assert_refused(desk.show(token), "Organization closed")
    close_organization(desk, is_closed=False)
    assert [desk.show(token).status for token in tokens] == [200, 200]


def test_refuses_sandbox_tokens_of_a_bank_that_became_a_production_bank(desk: Desk) -> None:
    token = desk.token(desk.north)
    with desk.store.writing() as db:
        banks.promote(db, OPERATOR, desk.north.bank_guid)
    assert_refused(desk.show(token), "Token no longer matches its key")
    # Without an address list nobody may speak for a production bank.
    assert desk.ask(desk.north).json["error"] == "invalid_client"
    allow(desk, desk.north, "127.0.0.0/8")
    fresh = desk.token(desk.north)
    assert desk.show(fresh).status == 200
    assert_forbidden_from_here(desk, fresh, "192.0.2.1")


def test_obeys_a_changed_address_list_at_once(desk: Desk) -> None:
    token = desk.token(desk.north)
    allow(desk, desk.north, "192.0.2.0/24", "2001:db8::/32")
    assert_forbidden_from_here(desk, token, "127.0.0.1")
    for peer in ("192.0.2.77", "2001:db8::1", "::ffff:192.0.2.77"):
        assert desk.show(token, peer=peer).status == 200
    for peer in ("192.0.3.1", "2001:db9::1", "::ffff:192.0.3.1", "", "unix"):
        assert_forbidden_from_here(desk, token, peer)
    allow(desk, desk.north, "192.0.2.77")
    assert_forbidden_from_here(desk, token, "192.0.2.78")
    allow(desk, desk.north)
    assert desk.show(token).status == 200


def test_believes_no_forwarding_header_of_a_stranger(desk: Desk) -> None:
    token = desk.token(desk.north)
    allow(desk, desk.north, "192.0.2.1")
    for name in (b"x-forwarded-for", b"x-real-ip", b"forwarded", b"client-ip", b"true-client-ip", b"cf-connecting-ip"):
        for value in (b"192.0.2.1", b"for=192.0.2.1", b"192.0.2.1, 192.0.2.1"):
            assert desk.show(token, (name, value), peer="198.51.100.9").status == 403
    assert desk.show(token, (b"x-forwarded-for", b"198.51.100.9"), peer="192.0.2.1").status == 200


def test_refuses_one_revoked_token_and_leaves_the_others_alone(desk: Desk) -> None:
    first, second = desk.token(desk.north), desk.token(desk.north)
    assert desk.show(first).status == 200
    revoke_token(desk, claims_of(first)["jti"])
    assert_refused(desk.show(first), "Token revoked")
    assert desk.show(second).status == 200
    # Kept by jti and never by text: another signature over the same claims is the same token.
    assert_refused(desk.show(own_token(desk.ostiary, claims_of(first))), "Token revoked")


def test_refuses_the_tokens_of_a_retired_signing_key_and_signs_on_with_the_next(desk: Desk) -> None:
    token = desk.token(desk.north)
    assert desk.show(token).status == 200
    with desk.store.writing() as db:
        db.execute(sa.update(SigningKey).values(retired_at=clock.now()))
    kid = publish(desk, PrivateKey.generate())
    assert_refused(desk.show(token))
    fresh = desk.token(desk.north)
    assert header_of(fresh)["kid"] == kid
    assert desk.show(fresh).status == 200
    assert_refused(desk.show(token))
    published = [key["kid"] for key in desk.request("/.well-known/jwks.json", []).json["keys"]]
    assert published == [kid]


def test_accepts_a_token_of_a_signing_key_that_another_node_made(desk: Desk) -> None:
    claims = claims_of(desk.token(desk.north))
    here = desk.ostiary.keys
    token = signed_by(elsewhere := made_elsewhere(desk), claims)
    kid = elsewhere.current_kid
    assert (header_of(token)["kid"], here.current_kid == kid) == (kid, False)
    assert desk.show(token).status == 401
    here.refresh()
    assert desk.show(token).status == 200


def test_names_the_first_reason_in_the_order_of_the_plan(desk: Desk) -> None:
    token = desk.token(desk.north)
    undo = desk.token(desk.acme)
    allow(desk, desk.north, "192.0.2.1")
    assert_forbidden_from_here(desk, token, "127.0.0.1")
    revoke_token(desk, claims_of(token)["jti"])
    assert_refused(desk.show(token), "Token revoked")
    close_organization(desk)
    assert_refused(desk.show(token), "Organization closed")
    with desk.store.writing() as db:
        banks.close(db, OPERATOR, desk.north.bank_guid)
    assert_refused(desk.show(token), "Bank closed")
    change(desk, applications.pause, desk.north)
    assert_refused(desk.show(token), "Credential paused")
    expire(desk, desk.north)
    assert_refused(desk.show(token), "Credential has expired")
    change(desk, applications.revoke, desk.north)
    assert_refused(desk.show(token), "Credential revoked")
    wrong_audience = own_token(desk.ostiary, claims_of(token) | {"aud": "https://other.example"})
    assert_refused(desk.show(wrong_audience), "Invalid audience")
    expired = own_token(desk.ostiary, claims_of(token) | {"aud": "https://other.example", "exp": 1})
    assert_refused(desk.show(expired), "Signature has expired")
    assert_refused(desk.show(expired[:-4] + "AAAA"))
    assert_refused(desk.show(undo), "Organization closed")


def test_asks_for_the_address_before_subject_scope_and_object(desk: Desk) -> None:
    token = desk.token(desk.north, "banks:read")
    allow(desk, desk.north, "192.0.2.1")
    header = (b"authorization", b"Bearer " + token.encode())
    organization = f"/api/organizations/{desk.acme.organization_guid}"
    for path in (organization, "/api/customers", "/api/banks/none", "/api/nowhere"):
        assert desk.request(path, [header]).json["message_code"] == "forbidden"
    allow(desk, desk.north)
    codes = [
        desk.request(path, [header]).json["message_code"]
        for path in (organization, "/api/customers", "/api/banks/none")
    ]
    assert codes == ["invalid_subject", "invalid_scopes", "not_found"]


def test_hears_a_trusted_proxy_say_who_the_caller_is(settings: Settings) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": (ipaddress.ip_network("10.0.0.0/8"),)})
    with app_on(trusting) as proxied, open_desk(proxied) as desk:
        token = desk.token(desk.north)
        allow(desk, desk.north, "192.0.2.7")
        for forwarded, status in ((b"192.0.2.7", 200), (b"192.0.2.7, 198.51.100.1", 403), (b"nonsense", 403)):
            assert desk.show(token, (b"x-forwarded-for", forwarded), peer="10.0.0.5").status == status
        assert desk.show(token, (b"x-forwarded-for", b"192.0.2.7"), peer="198.51.100.1").status == 403
        assert (
            desk.show(
                token, (b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"192.0.2.7"), peer="10.0.0.5"
            ).status
            == 200
        )
