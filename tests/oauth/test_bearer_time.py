"""Time in a token (RFC 9068 §4): `exp` has no leeway, `iat` and `nbf` ten seconds of it."""

import json
from collections.abc import Mapping

import pytest

from ostiary import clock
from tests.oauth.desk import Desk, assert_refused, claims_of, own_token

NOW = 1_900_000_000
NOT_YET = "Token is not valid yet"
EXPIRED = "Signature has expired"


def signed(desk: Desk, changes: Mapping[str, object], *without: str) -> str:
    claims = {**claims_of(desk.token(desk.north)), "iat": NOW - 60, "exp": NOW + 60, **changes}
    return own_token(desk.ostiary, {name: value for name, value in claims.items() if name not in without})


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """The clock of the check alone stands still; keys were made before and live a day from then on."""
    with desk.store.writing() as db:
        from_then_on = "2040-01-01 00:00:00.000"
        db.connection().exec_driver_sql(f"UPDATE applications SET expires_at = '{from_then_on}'")  # noqa: S608
    monkeypatch.setattr(clock, "seconds", lambda: float(NOW))


@pytest.mark.usefixtures("now")
def test_accepts_a_token_within_its_time(desk: Desk) -> None:
    soon = [{"exp": NOW + 1}, {"exp": NOW + 86_400}]
    made = [{claim: moment} for claim in ("iat", "nbf") for moment in (0, NOW, NOW + 9, NOW + 10)]
    for changes in soon + made:
        assert desk.show(signed(desk, changes)).status == 200, changes


@pytest.mark.usefixtures("now")
def test_refuses_a_token_from_the_second_of_its_expiry_on(desk: Desk) -> None:
    for exp in (NOW, NOW - 1, NOW - 86_400, 1, 0, -1, -(2**31) - 1, -(2**53), -(10**40)):
        assert_refused(desk.show(signed(desk, {"exp": exp})), EXPIRED)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_refuses_a_token_from_the_future(desk: Desk, claim: str) -> None:
    for moment in (NOW + 11, NOW + 61, NOW + 3600, 2**53, 2**63, 10**40):
        assert_refused(desk.show(signed(desk, {claim: moment, "exp": moment + 60})), NOT_YET)


@pytest.mark.usefixtures("now")
def test_refuses_a_token_made_before_1970(desk: Desk) -> None:
    for iat in (-1, -(2**53)):
        assert_refused(desk.show(signed(desk, {"iat": iat})), NOT_YET)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("claim", ["iat", "nbf", "exp"])
def test_refuses_a_moment_that_is_no_whole_number(desk: Desk, claim: str) -> None:
    soon = NOW + 60
    for moment in (soon + 0.5, float(soon), f"{soon}", None, True, [soon], {"at": soon}, ""):
        assert_refused(desk.show(signed(desk, {claim: moment})))


@pytest.mark.usefixtures("now")
def test_refuses_a_token_without_a_moment(desk: Desk) -> None:
    for claim in ("iat", "exp"):
        assert_refused(desk.show(signed(desk, {}, claim)))


@pytest.mark.usefixtures("now")
def test_refuses_a_number_that_json_does_not_know_or_no_clock_shows(desk: Desk) -> None:
    claims = json.dumps(claims_of(desk.token(desk.north)) | {"iat": NOW, "exp": "here"})
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "1e10", "9" * 5000, "1_900_000_060", "+1"):
        assert_refused(desk.show(own_token(desk.ostiary, claims.replace('"here"', number).encode())))


@pytest.mark.usefixtures("now")
def test_says_when_a_token_expired_how_long_ago_and_what_to_do(desk: Desk) -> None:
    said = desk.show(signed(desk, {"exp": NOW - 90})).json
    assert said["expired_at"] == "2030-03-17T17:45:10.000Z"
    assert said["expired_seconds_ago"] == 90
    assert said["what_to_do"] == (
        "Make a new token with the same key pair at POST /oauth/token; the key itself is fine"
    )


def test_refuses_a_real_token_at_the_very_second_it_expires(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(desk.north)
    exp = claims_of(token)["exp"]
    moments = iter([exp - 0.001, float(exp)])
    monkeypatch.setattr(clock, "seconds", lambda: next(moments))
    assert desk.show(token).status == 200
    assert_refused(desk.show(token), EXPIRED)
