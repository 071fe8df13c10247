"""Asking whether a code was approved costs others nothing, however often it is done: RFC 8628 §3.5."""

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from ostiary import clock
from ostiary.oauth import device_codes, polls
from ostiary.users.models import User
from tests.people import Cast
from tests.programs import Program, approve, refusal


def test_asks_whoever_is_too_quick_to_slow_down_by_five_seconds_each_time(program: Program) -> None:
    program.begin()
    with time_machine.travel(clock.now(), tick=False) as travel:
        # Exactly the interval is not too soon, whatever it has become.
        for seconds, error in [
            (0, "authorization_pending"),
            (5, "authorization_pending"),
            (4.9, "slow_down"),
            (5, "slow_down"),
            (15, "authorization_pending"),
            (14, "slow_down"),
            (20, "authorization_pending"),
        ]:
            travel.shift(seconds)
            assert refusal(program.poll())[1] == error, seconds


def deny(cast: Cast, code: str) -> None:
    cast.signed_in("Alice").post("/device/denial", data={"user_code": code})


def use(cast: Cast, program: Program, code: str) -> None:
    approve(cast, cast.signed_in("Alice"), code)
    for status in (200, 400):
        assert program.poll().status_code == status


def take_away(cast: Cast, code: str) -> None:
    approve(cast, cast.signed_in("Alice"), code)
    with cast.store.writing() as db:
        db.execute(sa.update(User).values(disabled_at=clock.now()))


@pytest.mark.parametrize("state", ["pending", "denied", "expired", "used", "taken away"])
def test_writes_nothing_for_whoever_only_asks(
    cast: Cast, program: Program, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask without end; SQLite has one writer, and everybody's keys wait for it."""
    code = program.begin()
    match state:
        case "denied":
            deny(cast, code)
        case "used":
            use(cast, program, code)
        case "taken away":
            take_away(cast, code)

    def writes() -> None:
        raise AssertionError("a poll writes")

    late = device_codes.LIFE if state == "expired" else dt.timedelta()
    monkeypatch.setattr(cast.store, "writing", writes)
    with time_machine.travel(clock.now() + late, tick=False):
        errors = [refusal(program.poll())[1] for _ in range(3)]
    assert (
        errors
        == {
            "pending": ["authorization_pending", "slow_down", "slow_down"],
            "denied": ["access_denied"] * 3,
            "expired": ["expired_token"] * 3,
            "used": ["invalid_grant"] * 3,
            "taken away": ["access_denied"] * 3,
        }[state]
    )


def test_bounds_whose_asking_is_remembered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "MOST_KEPT", 2)
    asking = [Program(cast.ostiary, cast.settings) for _ in range(3)]
    for each in asking:
        each.begin()
        each.poll()
    assert len(cast.ostiary.token.login_grants.polls._last) == 2
    assert [refusal(each.poll())[1] for each in reversed(asking)] == ["slow_down", "slow_down", "authorization_pending"]
