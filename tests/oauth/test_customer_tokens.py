"""A bank's token is traded for one of a customer: who may, for whom, with which scopes, and what the token says."""

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.access.scopes import BANK_KEY, CUSTOMER
from ostiary.applications.models import Application, ApplicationUsage
from ostiary.banks import service as banks
from ostiary.crypto import guids
from ostiary.crypto.es256 import PrivateKey
from ostiary.events.models import Event
from ostiary.oauth.access_tokens import LIMIT_BYTES
from ostiary.oauth.models import Revocation, SigningKey
from tests.oauth.customer_desk import abroad, ask_for, call, customer_token, look, new_customer
from tests.oauth.desk import OPERATOR, Answer, Desk, Key, assert_refused, claims_of, header_of, publish
from tests.oauth.test_bearer_standing import allow
from tests.oauth.test_introspection import other_bank

NO_CUSTOMER = {"status": 422, "error_message": "Unknown customer", "message_code": "no_customer"}
DAY_SECONDS = 24 * 3600


def assert_invalid(answer: Answer, says: str, status: int = 400, code: str = "invalid_value") -> None:
    assert (answer.status, answer.json["message_code"]) == (status, code), answer.body
    assert says in answer.json["error_message"], answer.body


def end_the_key_in(desk: Desk, key: Key, seconds: float) -> None:
    with desk.store.writing() as db:
        ends = sa.update(Application).values(expires_at=clock.now() + dt.timedelta(seconds=seconds))
        db.execute(ends.where(Application.client_id == key.client_id))


def test_answers_with_the_token_and_nothing_else(desk: Desk) -> None:
    answer = ask_for(desk, desk.token(desk.north), new_customer(desk, desk.north))
    assert answer.status == 201
    assert answer.json.keys() == {"access_token"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_says_who_the_customer_is_and_which_key_made_it(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid, "trades:read", "customers:read", ip_allowlist=["192.0.2.1"])
    claims = claims_of(token)
    issuer, place = desk.ostiary.token.tokens.issuer, {"bank_guid": desk.north.bank_guid, "bank_type": "sandbox"}
    assert len(claims.pop("jti")) == 32
    assert claims.pop("exp") - claims.pop("iat") == 8 * 3600
    assert claims == {
        "iss": issuer,
        "aud": issuer,
        "sub": guid,
        "sub_type": "customer",
        "client_id": desk.north.client_id,
        "scope": "trades:read customers:read",
        "organization_guid": desk.north.organization_guid,
        **place,
        "properties": place,
        "ip_allowlist": ["192.0.2.1/32"],
        "inherit_ip_allowlist": True,
        "token_type": "access",
    }
    assert header_of(token) == {"alg": "ES256", "kid": desk.ostiary.keys.current_kid, "typ": "at+jwt"}


def test_lives_as_long_as_the_tokens_of_its_bank(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    with desk.store.writing() as db:
        banks.promote(db, OPERATOR, desk.north.bank_guid)
    allow(desk, desk.north, "127.0.0.1")
    claims = claims_of(customer_token(desk, desk.north, guid))
    assert (claims["exp"] - claims["iat"], claims["bank_type"]) == (1800, "production")


def test_lives_no_longer_than_its_key(desk: Desk) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    end_the_key_in(desk, desk.north, 60)
    claims = claims_of(ask_for(desk, token, guid).json["access_token"])
    assert 50 < claims["exp"] - claims["iat"] <= 60


def test_makes_no_token_in_the_last_second_of_the_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    ends = int(clock.seconds()) + 3600
    with desk.store.writing() as db:
        db.execute(sa.update(Application).values(expires_at=dt.datetime.fromtimestamp(ends + 0.9, clock.UTC)))
    for now, status in ((ends - 0.001, 201), (ends, 401), (ends + 0.8, 401)):
        monkeypatch.setattr(clock, "seconds", lambda now=now: now)
        answer = ask_for(desk, token, guid)
        assert answer.status == status
        if status == 201:
            assert look(desk, answer.json["access_token"], guid).status == 200
        else:
            assert_refused(answer, "Credential has expired")


def test_gives_every_scope_of_the_list_whatever_the_banks_token_has(desk: Desk) -> None:
    guid, narrow = new_customer(desk, desk.north), desk.token(desk.north, "customers:read customers:write")
    answer = ask_for(desk, narrow, guid, *sorted(CUSTOMER))
    assert answer.status == 201
    assert claims_of(answer.json["access_token"])["scope"].split() == sorted(CUSTOMER)
    assert CUSTOMER < BANK_KEY


@pytest.mark.parametrize(
    "scope", [*sorted(BANK_KEY - CUSTOMER), "banks:execute", "users:write", "openid", "", "x" * 99]
)
def test_gives_no_other_scope(desk: Desk, scope: str) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    answer = ask_for(desk, token, guid, "customers:read", scope)
    assert_invalid(answer, "is not a scope that a customer can have")
    assert "x" * 49 not in answer.json["error_message"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["prices:read", "prices:read"]}, "stands there twice"),
        ({"scopes": "prices:read"}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"scopes": [1]}, "scopes"),
        ({"customer_guid": None}, "customer_guid"),
        ({"customer_guid": "0" * 31}, "customer_guid"),
        ({"customer_guid": "\0" * 32}, "customer_guid"),
        ({"customer_guid": "\ud800" * 32}, "customer_guid"),
        ({"inherit_ip_allowlist": "perhaps"}, "inherit_ip_allowlist"),
        ({"ip_allowlist": "192.0.2.1"}, "ip_allowlist"),
        ({"ip_allowlist": ["somewhere"]}, "is not an IP address or CIDR range"),
        ({"ip_allowlist": ["10.0.0.0/7"]}, "is too wide"),
        ({"ip_allowlist": ["192.0.2.1/24"]}, "has bits set behind its prefix"),
        ({"ip_allowlist": [f"192.0.2.{n}" for n in range(101)]}, "ip_allowlist"),
    ],
)
def test_says_what_is_wrong_with_a_request(desk: Desk, changes: dict[str, object], says: str) -> None:
    body = {"customer_guid": new_customer(desk, desk.north), "scopes": ["prices:read"]} | changes
    assert_invalid(call(desk, desk.token(desk.north), "POST /api/customer_tokens", body), says)


def test_says_what_is_missing_and_what_it_does_not_know(desk: Desk) -> None:
    token = desk.token(desk.north)
    missing = call(desk, token, "POST /api/customer_tokens", {})
    assert_invalid(missing, "Missing parameter. Required: customer_guid, scopes", code="missing_parameter")
    strange = ask_for(desk, token, new_customer(desk, desk.north), expires_in=DAY_SECONDS)
    assert_invalid(strange, "Unknown parameter: expires_in", code="invalid_parameter")
    nothing = call(desk, token, "POST /api/customer_tokens")
    assert nothing.status == 400


@pytest.mark.parametrize("owner", [abroad, other_bank])
def test_answers_about_a_foreign_customer_as_about_nobody(desk: Desk, owner: Callable[[Desk], Key]) -> None:
    stranger = owner(desk)
    token = desk.token(desk.north)
    theirs = ask_for(desk, token, new_customer(desk, stranger))
    nobodys = ask_for(desk, token, guids.new())
    assert theirs == nobodys
    assert (theirs.status, theirs.json) == (422, NO_CUSTOMER)


def test_ignores_bank_guid(desk: Desk) -> None:
    stranger = other_bank(desk)
    guid = new_customer(desk, stranger)
    assert ask_for(desk, desk.token(desk.north), guid, bank_guid=stranger.bank_guid).json == NO_CUSTOMER
    own = new_customer(desk, desk.north)
    made = ask_for(desk, desk.token(desk.north), own, bank_guid=stranger.bank_guid)
    assert claims_of(made.json["access_token"])["bank_guid"] == desk.north.bank_guid


def test_takes_tokens_of_banks_alone(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    for token in (desk.token(desk.acme), customer_token(desk, desk.north, guid, *CUSTOMER)):
        answer = ask_for(desk, token, guid)
        assert (answer.status, answer.json["message_code"]) == (401, "invalid_subject")
        assert answer.json["error_message"] == "Invalid Subject type. Required: bank"


@pytest.mark.parametrize(
    ("scope", "missing"),
    [
        ("customers:read", "customers:write"),
        ("customers:write", "customers:read"),
        ("customers:execute", "customers:write"),
    ],
)
def test_asks_for_both_scopes(desk: Desk, scope: str, missing: str) -> None:
    answer = ask_for(desk, desk.token(desk.north, scope), new_customer(desk, desk.north))
    assert (answer.status, answer.json["message_code"]) == (403, "invalid_scopes")
    assert answer.json["error_message"] == f"Invalid scopes. Required: {missing}"


def test_asks_who_it_is_before_it_reads_the_body(desk: Desk) -> None:
    for token, code in (
        (desk.token(desk.acme), "invalid_subject"),
        (desk.token(desk.north, "prices:read"), "invalid_scopes"),
    ):
        assert call(desk, token, "POST /api/customer_tokens", {"nonsense": 1}).json["message_code"] == code


def test_makes_no_token_too_large_to_be_read(desk: Desk) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    listed = [f"2001:db8:1111:2222:3333:4444:5555:{n + 0x6000:x}/128" for n in range(100)]
    scopes = sorted(CUSTOMER)
    refused = ask_for(desk, token, guid, *scopes, ip_allowlist=listed)
    assert_invalid(refused, "send fewer addresses", 422)
    sizes = {n: ask_for(desk, token, guid, *scopes, ip_allowlist=listed[:n]) for n in range(60, 101, 2)}
    largest = max(n for n, answer in sizes.items() if answer.status == 201)
    made = sizes[largest].json["access_token"]
    assert LIMIT_BYTES - 200 < len(made) <= LIMIT_BYTES
    assert look(desk, made, guid, peer="2001:db8:1111:2222:3333:4444:5555:6000").status == 200


def test_writes_nothing_but_that_a_token_was_made(desk: Desk) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    tables = (Event, Revocation)
    with desk.store.reading() as db:
        before = [db.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]
    desk.ostiary.usage.write(desk.store)
    issued = sa.select(ApplicationUsage.count).where(ApplicationUsage.outcome == "token_issued")
    with desk.store.reading() as db:
        counted = db.scalar(issued)
    assert ask_for(desk, token, guid).status == 201
    assert ask_for(desk, token, guids.new()).status == 422
    desk.ostiary.usage.write(desk.store)
    with desk.store.reading() as db:
        assert [db.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables] == before
        assert db.scalar(issued) == (counted or 0) + 1


def test_signs_with_no_key_that_another_process_has_retired(desk: Desk) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    here = desk.ostiary.keys
    second, third = PrivateKey.generate(), PrivateKey.generate()
    publish(desk, second)
    here.refresh()
    assert header_of(ask_for(desk, token, guid).json["access_token"])["kid"] == second.public.thumbprint
    with desk.store.writing() as db:
        retired = sa.update(SigningKey).where(SigningKey.kid == second.public.thumbprint)
        db.execute(retired.values(retired_at=clock.now()))
    publish(desk, third)
    made = ask_for(desk, token, guid).json["access_token"]
    assert header_of(made)["kid"] == third.public.thumbprint
    assert look(desk, made, guid).status == 200
