"""A wrong digest takes as long wherever it begins to be wrong (checks: X-01)."""

import hmac
import secrets
from collections.abc import Callable

import pytest

from ostiary.app import Ostiary
from ostiary.applications.credentials import Digester, new_secret
from tests.timing.pairs import Interval, timed

pytestmark = pytest.mark.any_database

CALLS = 20
BOUND_SECONDS = 20e-9

Count = Callable[[int, int], int]


def flipped(value: bytes, place: int) -> bytes:
    return bytes(byte ^ (number == place % len(value)) for number, byte in enumerate(value))


def first_against_last(digester: Digester, pairs: int) -> Interval:
    """Per call: how much longer a digest takes that differs in its first byte than one that differs in its last."""
    secret = new_secret("sandbox")
    value, scheme, pepper_version = digester.digest(secret)

    def matching(wrong: bytes) -> Callable[[], None]:
        def batch() -> None:
            for _ in range(CALLS):
                assert not digester.matches(secret, wrong, scheme, pepper_version)

        return batch

    found = timed(matching(flipped(value, 0)), matching(flipped(value, -1)), pairs)
    return Interval(found.low / CALLS, found.high / CALLS)


def test_compares_in_constant_time(ostiary: Ostiary, count: Count) -> None:
    found = first_against_last(ostiary.token.client.digester, count(2_000, 10_000))
    assert not found.is_beyond(BOUND_SECONDS), found


def test_would_find_a_comparison_that_stops_early(
    ostiary: Ostiary, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    def early(mine: bytes, other: bytes) -> bool:
        return all(a == b for a, b in zip(mine, other, strict=True))

    monkeypatch.setattr(hmac, "compare_digest", early)
    found = first_against_last(ostiary.token.client.digester, count(2_000, 10_000))
    assert found.is_beyond(BOUND_SECONDS), found


def test_finds_nothing_between_the_same(ostiary: Ostiary, count: Count) -> None:
    digester = ostiary.token.client.digester
    value, scheme, pepper_version = digester.digest(new_secret("sandbox"))
    other = new_secret("sandbox")

    def one() -> None:
        digester.matches(other, value, scheme, pepper_version)

    def same() -> None:
        digester.matches(other, value, scheme, pepper_version)

    found = timed(one, same, count(2_000, 10_000))
    assert not found.is_beyond(BOUND_SECONDS * CALLS), found


def test_secrets_are_not_what_is_compared() -> None:
    # What `flipped` does is what the tests above stand on.
    value = secrets.token_bytes(32)
    assert [a != b for a, b in zip(value, flipped(value, -1), strict=True)] == [False] * 31 + [True]
