"""A refresh token works once: RFC 6749 §6. One that comes again ends its login with its tokens: RFC 9700 §4.14.2."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from ostiary import clock, upkeep
from ostiary.banks.models import Bank
from ostiary.errors import StoreUnavailable
from ostiary.events.models import Event
from ostiary.oauth import refresh_grant
from ostiary.oauth.models import DeviceCode, RefreshToken
from ostiary.users import session
from ostiary.users.models import Login, Membership, User
from tests.oauth.desk import claims_of
from tests.people import Cast
from tests.programs import ADDRESS, Program, refusal, signed_in

AT_ONCE = 8
IDLE = dt.timedelta(days=7)
WHOLE = dt.timedelta(days=30)


def works(program: Program, answer: dict[str, Any]) -> bool:
    return program.get("/api/banks", answer["access_token"]).status_code == 200


def test_gives_new_tokens_in_the_place_of_the_old_one(cast: Cast, program: Program) -> None:
    first = signed_in(cast, program, "Alice")
    answer = program.refresh(first["refresh_token"])
    assert answer.status_code == 200
    second = answer.json()
    assert second.keys() == first.keys()
    assert second["refresh_token"] != first["refresh_token"]
    assert claims_of(second["access_token"])["sid"] == claims_of(first["access_token"])["sid"]
    # The access tokens that are out go on working until they expire.
    assert works(program, first)
    assert works(program, second)
    assert answer.headers["cache-control"] == "no-store"


def test_keeps_no_token(cast: Cast, program: Program) -> None:
    token = signed_in(cast, program, "Alice")["refresh_token"]
    program.refresh(token)
    with cast.store.reading() as db:
        kept = repr(db.execute(sa.select(RefreshToken.__table__)).all())
    assert token not in kept


def test_ends_the_login_when_one_comes_a_second_time(cast: Cast, program: Program) -> None:
    first = signed_in(cast, program, "Alice")
    other = signed_in(cast, Program(cast.ostiary, cast.settings), "Alice")
    second = program.refresh(first["refresh_token"]).json()
    thief = Program(cast.ostiary, cast.settings, "192.0.2.66")
    assert refusal(thief.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert not works(program, first)
    assert not works(program, second)
    assert refusal(program.refresh(second["refresh_token"])) == (400, "invalid_grant")
    # The person's other programs have nothing to do with it.
    assert works(program, other)
    with cast.store.reading() as db:
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "login.deleted"))
    assert (event.actor_guid, event.address) == (cast["Alice"].membership_guid, "192.0.2.66")
    assert event.facts["presented_twice"] is True
    assert event.organization_guid == cast.acme


def test_lets_one_of_many_at_once_win(cast: Cast) -> None:
    token = signed_in(cast, Program(cast.ostiary, cast.settings), "Alice")["refresh_token"]
    programs = [Program(cast.ostiary, cast.settings) for _ in range(AT_ONCE)]
    barrier = Barrier(AT_ONCE)

    def race(program: Program) -> int:
        barrier.wait()
        return program.refresh(token).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(pool.map(race, programs))
    assert statuses == [200] + [400] * (AT_ONCE - 1)
    with cast.store.reading() as db:
        assert db.scalars(sa.select(Login)).all() == []
        assert db.scalars(sa.select(RefreshToken)).all() == []
        assert len(db.scalars(sa.select(Event).where(Event.event_type == "login.deleted")).all()) == 1


def test_lets_nobody_out_of_step_while_logins_end_beside(cast: Cast) -> None:
    """Whichever comes first, there is an answer, and in the end nothing is left."""
    for _ in range(3):
        answer = signed_in(cast, Program(cast.ostiary, cast.settings), "Dana")
        barrier = Barrier(2)

        def refresh(answer: dict[str, Any] = answer, barrier: Barrier = barrier) -> int:
            program = Program(cast.ostiary, cast.settings)
            barrier.wait()
            return program.refresh(answer["refresh_token"]).status_code

        def sign_out(barrier: Barrier = barrier) -> None:
            barrier.wait()
            with cast.store.writing() as db:
                session.end_all(db, cast["Dana"].user_guid)

        with ThreadPoolExecutor(2) as pool:
            status, _ = pool.submit(refresh), pool.submit(sign_out).result()
        assert status.result() in {200, 400}
        assert not works(Program(cast.ostiary, cast.settings), answer)


def test_ends_what_is_not_used_for_a_week(cast: Cast, program: Program) -> None:
    began = clock.now()
    with time_machine.travel(began, tick=False) as travel:
        token = signed_in(cast, program, "Alice")["refresh_token"]
        for _ in range(2):
            travel.shift(IDLE - dt.timedelta(seconds=1))
            token = program.refresh(token).json()["refresh_token"]
        refresh_grant.prune(cast.store, IDLE)
        travel.shift(IDLE)
        assert refusal(program.refresh(token)) == (400, "invalid_grant")
        refresh_grant.prune(cast.store, IDLE)
    with cast.store.reading() as db:
        assert db.scalars(sa.select(Login)).all() == []


def test_ends_whatever_is_a_month_old(cast: Cast, program: Program) -> None:
    began = clock.now()
    with time_machine.travel(began, tick=False) as travel:
        token = signed_in(cast, program, "Alice")["refresh_token"]
        for days in (6, 6, 6, 6, 5):
            travel.shift(dt.timedelta(days=days))
            token = program.refresh(token).json()["refresh_token"]
        travel.move_to(began + WHOLE - dt.timedelta(minutes=1))
        last = program.refresh(token).json()
        # An access token never outlives the login.
        assert last["expires_in"] == 60
        travel.move_to(began + WHOLE)
        assert refusal(program.refresh(last["refresh_token"])) == (400, "invalid_grant")
        assert not works(program, last)


def test_takes_what_is_over_away_by_itself(cast: Cast, program: Program) -> None:
    signed_in(cast, program, "Alice")
    with time_machine.travel(clock.now() + WHOLE, tick=False):
        upkeep.prune(cast.store, dt.timedelta(seconds=cast.settings.login_idle_seconds))
    with cast.store.reading() as db:
        for table in (Login, RefreshToken, DeviceCode):
            assert db.scalars(sa.select(table)).all() == []


def test_forgets_used_tokens_once_they_would_be_too_old(cast: Cast, program: Program) -> None:
    began = clock.now()
    with time_machine.travel(began, tick=False) as travel:
        first = signed_in(cast, program, "Alice")["refresh_token"]
        travel.shift(dt.timedelta(days=4))
        second = program.refresh(first).json()["refresh_token"]
        travel.shift(dt.timedelta(days=4))
        refresh_grant.prune(cast.store, IDLE)
        with cast.store.reading() as db:
            assert len(db.scalars(sa.select(RefreshToken)).all()) == 1
        assert refusal(program.refresh(first)) == (400, "invalid_grant")
        assert program.refresh(second).status_code == 200


def test_follows_the_role_down_and_up_to_what_was_approved(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Dana", scope="customers:execute customers:read", bank_guid=cast.north)
    for role, scope in (("viewer", "customers:read"), ("owner", "customers:execute customers:read")):
        with cast.store.writing() as db:
            mine = Membership.guid == cast["Dana"].membership_guid
            db.execute(sa.update(Membership).where(mine).values(role=role))
        answer = program.refresh(answer["refresh_token"]).json()
        assert answer["scope"] == scope


def test_gives_no_token_that_holds_nothing(cast: Cast, program: Program) -> None:
    answer = signed_in(cast, program, "Dana", scope="customers:execute", bank_guid=cast.north)
    with cast.store.writing() as db:
        db.execute(sa.update(Membership).values(role="viewer"))
    assert refusal(program.refresh(answer["refresh_token"])) == (400, "invalid_grant")
    with cast.store.writing() as db:
        db.execute(sa.update(Membership).values(role="developer"))
    assert program.refresh(answer["refresh_token"]).status_code == 200


def test_narrows_one_access_token_where_asked(cast: Cast, program: Program) -> None:
    first = signed_in(cast, program, "Alice", scope="banks:read users:read")
    narrow = program.refresh(first["refresh_token"], scope="banks:read").json()
    assert narrow["scope"] == "banks:read"
    refused = program.refresh(narrow["refresh_token"], scope="banks:read customers:read")
    assert refusal(refused) == (400, "invalid_scope")
    # A refusal used nothing up.
    whole = program.refresh(narrow["refresh_token"])
    assert whole.json()["scope"] == "banks:read users:read"


def disable(db: Session, _: Cast) -> None:
    db.execute(sa.update(User).values(disabled_at=clock.now()))


def close_bank(db: Session, _: Cast) -> None:
    db.execute(sa.update(Bank).values(closed_at=clock.now()))


def shut_out(db: Session, cast: Cast) -> None:
    session.end_in(db, cast["Dana"].user_guid, cast.acme)


@pytest.mark.parametrize("change", [disable, close_bank, shut_out])
def test_gives_nothing_to_whom_it_was_taken(cast: Cast, program: Program, change: Any) -> None:  # noqa: ANN401 - any of them
    answer = signed_in(cast, program, "Dana", bank_guid=cast.north)
    with cast.store.writing() as db:
        change(db, cast)
    assert refusal(program.refresh(answer["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["", "x", "ost_refresh_" + "a" * 49, "ost_device_" + "a" * 49, "\u00fc"])
def test_knows_no_other_token(program: Program, token: str) -> None:
    assert refusal(program.refresh(token)) == (400, "invalid_grant" if token else "invalid_request")


def test_uses_nothing_up_when_the_database_is_away(
    cast: Cast, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in(cast, program, "Alice")["refresh_token"]

    def fails(*_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(refresh_grant, "add", fails)
        answer = program.refresh(token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert program.refresh(token).status_code == 200


def test_remembers_when_a_login_was_used_last(cast: Cast, program: Program) -> None:
    began = clock.now()
    with time_machine.travel(began, tick=False) as travel:
        token = signed_in(cast, program, "Alice")["refresh_token"]
        travel.shift(3600)
        program.refresh(token)
        with cast.store.reading() as db:
            (login,) = db.scalars(sa.select(Login))
        assert (login.last_used_at, login.address) == (clock.now(), ADDRESS)
