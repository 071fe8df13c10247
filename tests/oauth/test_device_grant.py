"""A program gets its tokens once its person has approved it, and not before or twice: RFC 8628."""

import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.banks.models import Bank
from ostiary.events.models import Event
from ostiary.oauth import device_codes
from ostiary.oauth.models import DeviceCode, RefreshToken
from ostiary.settings import Settings
from ostiary.users import session
from ostiary.users.models import Login, Membership, User
from tests.oauth.desk import claims_of
from tests.people import Cast
from tests.programs import CLIENT_ID, DEVICE_CODE, Program, approve, refusal, signed_in


def test_hands_out_codes_as_the_standard_says(program: Program, settings: Settings) -> None:
    code = program.begin()
    assert program.codes.keys() == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert (program.codes["expires_in"], program.codes["interval"]) == (600, 5)
    assert program.codes["verification_uri"] == f"{settings.issuer}/device"
    assert program.codes["verification_uri_complete"] == f"{settings.issuer}/device?user_code={code}"
    letters = code.replace("-", "")
    assert (len(letters), code[4]) == (8, "-")
    assert set(letters) <= set("BCDFGHJKLMNPQRSTVWXZ")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"client_id": ""}, "invalid_request"),
        ({"client_id": "ostid_" + "a" * 38}, "unauthorized_client"),
        ({"client_secret": "x"}, "invalid_request"),
        ({"scope": "banks:read nothing:read"}, "invalid_scope"),
        ({"bank_guid": "north"}, "invalid_request"),
        ({"bank_guid": "F" * 32}, "invalid_request"),
    ],
)
def test_refuses_a_request_that_cannot_be_right(program: Program, sent: dict[str, str], error: str) -> None:
    answer = program.http.post("/oauth/device_authorization", data={"client_id": CLIENT_ID, **sent})
    assert refusal(answer) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


def test_keeps_neither_code(cast: Cast, program: Program) -> None:
    program.begin()
    with cast.store.reading() as db:
        (row,) = db.execute(sa.select(DeviceCode.__table__)).all()
    kept = repr(tuple(row))
    assert program.codes["device_code"] not in kept
    assert program.codes["user_code"] not in kept
    assert program.codes["user_code"].replace("-", "") not in kept


def test_says_that_nobody_has_decided_yet(program: Program) -> None:
    program.begin()
    assert refusal(program.poll()) == (400, "authorization_pending")


def test_gives_tokens_once_somebody_approved(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Alice")
    assert answer.keys() == {"access_token", "token_type", "expires_in", "scope", "created_at", "refresh_token"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    claims = claims_of(answer["access_token"])
    assert (claims["sub"], claims["sub_type"]) == (cast["Alice"].membership_guid, "user")
    assert (claims["iat"], claims["scope"]) == (answer["created_at"], answer["scope"])
    assert "bank_guid" not in claims
    assert program.get("/api/banks", answer["access_token"]).status_code == 200


def test_gives_tokens_to_who_was_too_quick_a_moment_ago(cast: Cast, program: Program) -> None:
    code = program.begin()
    program.poll()
    approve(cast, cast.signed_in("Alice"), code)
    assert program.poll().status_code == 200


def test_grants_what_was_asked_for_and_the_role_holds(cast: Cast, program: Program) -> None:
    asked = {"scope": "users:execute customers:read banks:read"}
    assert signed_in(cast, program, "Alice", **asked)["scope"] == asked["scope"]
    assert signed_in(cast, program, "Bob", **asked)["scope"] == "customers:read banks:read"


def test_binds_a_login_to_the_bank_that_was_named(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Dana", bank_guid=cast.south)
    assert claims_of(answer["access_token"])["bank_guid"] == cast.south


def test_binds_a_login_to_the_bank_that_was_chosen(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Dana", bank=cast.north)
    assert claims_of(answer["access_token"])["bank_guid"] == cast.north


def test_holds_a_developer_to_reading_in_production(cast: Cast, program: Program) -> None:
    with cast.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.south).values(type="production"))
    scope = signed_in(cast, program, "Dana", bank_guid=cast.south)["scope"]
    assert "customers:read" in scope.split()
    assert "customers:execute" not in scope.split()


def test_ends_the_login_when_a_code_is_used_twice(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Alice")
    assert refusal(program.poll()) == (400, "invalid_grant")
    assert program.get("/api/banks", answer["access_token"]).status_code == 401
    assert refusal(program.refresh(answer["refresh_token"])) == (400, "invalid_grant")
    with cast.store.reading() as db:
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "login.deleted"))
    assert (event.actor_guid, event.facts["presented_twice"]) == (cast["Alice"].membership_guid, True)


def test_says_so_when_it_was_denied(cast: Cast, program: Program) -> None:
    code = program.begin()
    cast.signed_in("Alice").post("/device/denial", data={"user_code": code})
    for _ in range(2):
        assert refusal(program.poll()) == (400, "access_denied")
    # Nobody can approve it any more.
    assert approve(cast, cast.signed_in("Alice"), code).status_code == 404
    assert refusal(program.poll()) == (400, "access_denied")


@pytest.mark.parametrize("is_approved", [True, False])
def test_says_so_when_a_code_is_too_old(cast: Cast, program: Program, is_approved: bool) -> None:
    code = program.begin()
    if is_approved:
        approve(cast, cast.signed_in("Alice"), code)
    with time_machine.travel(clock.now() + device_codes.LIFE, tick=False):
        device_codes.prune(cast.store)
        assert refusal(program.poll()) == (400, "expired_token")
        assert approve(cast, cast.signed_in("Bob"), code).status_code == 404
    with time_machine.travel(clock.now() + device_codes.LIFE + device_codes.REMEMBERED, tick=False):
        device_codes.prune(cast.store)
        assert refusal(program.poll()) == (400, "invalid_grant")


Change = Callable[[Session, Cast], object]
BETWEEN: dict[str, Change] = {
    "user disabled": lambda db, _: db.execute(sa.update(User).values(disabled_at=clock.now())),
    "member disabled": lambda db, _: db.execute(sa.update(Membership).values(disabled_at=clock.now())),
    "signed out everywhere": lambda db, cast: session.end_all(db, cast["Alice"].user_guid),
    "shut out": lambda db, cast: session.end_in(db, cast["Alice"].user_guid, cast.acme),
    "login ended": lambda db, _: db.execute(sa.delete(Login)),
    "bank closed": lambda db, _: db.execute(sa.update(Bank).values(closed_at=clock.now())),
}


@pytest.mark.parametrize("case", BETWEEN)
def test_gives_nothing_to_whom_it_was_taken_between_approval_and_asking(
    cast: Cast, program: Program, case: str
) -> None:
    approve(cast, cast.signed_in("Alice"), program.begin(), bank_guid=cast.north)
    with cast.store.writing() as db:
        BETWEEN[case](db, cast)
    assert refusal(program.poll()) == (400, "access_denied")
    with cast.store.reading() as db:
        assert db.scalars(sa.select(RefreshToken)).all() == []


@pytest.mark.parametrize("code", ["", "x", "ost_device_" + "a" * 49, "ost_refresh_" + "a" * 49, "\u00fc" * 60])
def test_knows_no_other_device_code(program: Program, code: str) -> None:
    program.begin()
    answer = program.post("/oauth/token", grant_type=DEVICE_CODE, device_code=code)
    assert refusal(answer) == (400, "invalid_grant" if code else "invalid_request")


def test_takes_codes_from_programs_of_people_alone(program: Program) -> None:
    program.begin()
    sent = {"grant_type": DEVICE_CODE, "device_code": program.codes["device_code"]}
    for named, error in (
        ({}, "invalid_request"),
        ({"client_id": "ostid_" + "a" * 38, "client_secret": "x"}, "unauthorized_client"),
        ({"client_id": CLIENT_ID, "client_secret": "x"}, "invalid_request"),
    ):
        assert refusal(program.http.post("/oauth/token", data={**sent, **named})) == (400, error)
    basic = program.http.post("/oauth/token", data=sent, auth=(CLIENT_ID, "x"))
    assert refusal(basic) == (400, "unauthorized_client")


def test_bounds_how_many_wait(cast: Cast, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_codes, "MOST_WAITING", 12)
    for _ in range(device_codes.MOST_WAITING_OF_A_SOURCE):
        code = program.begin()
    full = program.post("/oauth/device_authorization")
    assert refusal(full) == (429, "too_many_requests")
    assert full.headers["retry-after"] == "60"
    other = Program(cast.ostiary, cast.settings, "2001:db8::1")
    other.begin()
    neighbour = Program(cast.ostiary, cast.settings, "2001:db8::2")
    neighbour.begin()
    assert neighbour.post("/oauth/device_authorization").status_code == 429
    approve(cast, cast.signed_in("Alice"), code)
    program.begin()
    with time_machine.travel(clock.now() + dt.timedelta(minutes=10), tick=False):
        neighbour.begin()


def test_counts_an_ipv6_network_as_one_source(cast: Cast) -> None:
    for number in range(device_codes.MOST_WAITING_OF_A_SOURCE):
        Program(cast.ostiary, cast.settings, f"2001:db8::{number}").begin()
    assert Program(cast.ostiary, cast.settings, "2001:db8::f").post("/oauth/device_authorization").status_code == 429
    Program(cast.ostiary, cast.settings, "2001:db8:0:1::1").begin()


def test_counts_all_that_a_customer_of_an_ipv6_network_has(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_codes, "MOST_WAITING_OF_A_NETWORK", 3)
    for number in range(3):
        Program(cast.ostiary, cast.settings, f"2001:db8:0:{number}::1").begin()
    full = Program(cast.ostiary, cast.settings, "2001:db8:0:9::1").post("/oauth/device_authorization")
    assert refusal(full) == (429, "too_many_requests")
    Program(cast.ostiary, cast.settings, "2001:db8:1::1").begin()


def test_lets_the_fullest_make_room_for_who_has_none(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two addresses of one /48, and one of another: whoever has many shuts nobody out."""
    monkeypatch.setattr(device_codes, "MOST_WAITING", 4)
    addresses = ("198.51.100.8", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    early, first, second, third = (Program(cast.ostiary, cast.settings, address) for address in addresses)
    for each in (early, first, second, third):
        each.begin()
    late = Program(cast.ostiary, cast.settings, "198.51.100.9")
    late.begin()
    assert refusal(first.poll()) == (400, "invalid_grant")
    for each in (early, second, third, late):
        assert refusal(each.poll()) == (400, "authorization_pending")
    # Who has some waits.
    assert refusal(second.post("/oauth/device_authorization")) == (429, "too_many_requests")
    with cast.store.reading() as db:
        assert len(db.scalars(sa.select(DeviceCode)).all()) == 4
