"""The throttle: failures of a quarter of an hour, counted by source and by account."""

import pytest

from ostiary import clock
from ostiary.errors import Invalid
from ostiary.users.throttle import SignInThrottle
from tests.ticking import Ticks, counting

HOME = "198.51.100.7"
EMAIL = "carol@example.com"


@pytest.fixture
def throttle() -> SignInThrottle:
    return SignInThrottle(counting())


def fail(throttle: SignInThrottle, address: str = HOME, email: str = EMAIL) -> None:
    with throttle.attempt(address, email, is_known_source=False) as failed:
        failed()


def is_slowed(throttle: SignInThrottle, address: str = HOME, email: str = EMAIL, *, is_known: bool = False) -> str:
    try:
        with throttle.attempt(address, email, is_known_source=is_known):
            return ""
    except Invalid as refused:
        return refused.error_message


def test_opens_again_when_the_oldest_failure_is_a_quarter_of_an_hour_old(
    throttle: SignInThrottle, ticks: Ticks
) -> None:
    for _ in range(10):
        fail(throttle)
        ticks.pass_seconds(60)
    assert is_slowed(throttle) == "Too many attempts. Try again in 5 minutes"
    ticks.pass_seconds(1)
    assert is_slowed(throttle) == "Too many attempts. Try again in 5 minutes", "not earlier than it is so"
    ticks.pass_seconds(5 * 60 - 2)
    assert is_slowed(throttle) == "Too many attempts. Try again in 1 second"
    ticks.pass_seconds(1)
    assert not is_slowed(throttle)
    fail(throttle)
    assert is_slowed(throttle)


def wait_of(throttle: SignInThrottle) -> tuple[str, ...]:
    """What the headers of a refusal say about it, all in seconds."""
    with pytest.raises(Invalid) as refused, throttle.attempt(HOME, EMAIL, is_known_source=True):
        pytest.fail("nobody comes this far")
    headers = refused.value.headers
    assert (refused.value.status, refused.value.more) == (429, {"retry_after_seconds": int(headers["Retry-After"])})
    return headers["Retry-After"], headers["RateLimit"].partition(";t=")[2]


def test_says_how_long_to_wait_the_same_everywhere(throttle: SignInThrottle, ticks: Ticks) -> None:
    for _ in range(10):
        fail(throttle)
    assert wait_of(throttle) == ("900", "900")
    ticks.pass_seconds(769)
    assert wait_of(throttle) == ("131", "131")
    ticks.pass_seconds(119)
    assert wait_of(throttle) == ("12", "12")


def test_counts_an_account_from_everywhere_but_where_its_person_is(throttle: SignInThrottle) -> None:
    for number in range(100):
        assert not is_slowed(throttle, f"2001:db8:{number:x}::1")
        fail(throttle, f"2001:db8:{number:x}::1")
    assert is_slowed(throttle)
    assert not is_slowed(throttle, is_known=True)
    assert not is_slowed(throttle, email="bob@example.com")


def test_counts_for_the_account_what_fails_where_its_person_is(throttle: SignInThrottle) -> None:
    for number in range(100):
        with throttle.attempt(f"198.51.100.{number}", EMAIL, is_known_source=True) as failed:
            failed()
    assert is_slowed(throttle, "198.51.100.200")
    assert not is_slowed(throttle, "198.51.100.200", is_known=True)


def test_counts_an_address_however_long_it_is_written(throttle: SignInThrottle) -> None:
    for number in range(100):
        fail(throttle, f"2001:db8:{number:x}::1", "x" * 254 + str(number))
    assert is_slowed(throttle, email="x" * 10_000)


def test_lets_no_more_in_at_once_than_may_fail(throttle: SignInThrottle) -> None:
    inside = [throttle.attempt(HOME, EMAIL, is_known_source=False) for _ in range(10)]
    for each in inside:
        each.__enter__()
    assert is_slowed(throttle) == "Too many attempts. Try again in 60 seconds"
    assert wait_of(throttle) == ("60", "60")
    assert not is_slowed(throttle, "198.51.100.8")
    inside[0].__exit__(None, None, None)
    assert not is_slowed(throttle), "who knew the password leaves no trace"
    assert throttle._under_way.total() == 18


def test_ends_an_attempt_that_broke_off(throttle: SignInThrottle) -> None:
    for _ in range(11):
        with pytest.raises(ZeroDivisionError), throttle.attempt(HOME, EMAIL, is_known_source=False):
            raise ZeroDivisionError
    assert not throttle._under_way


def test_counts_newcomers_by_source(throttle: SignInThrottle) -> None:
    for _ in range(20):
        throttle.newcomer("2001:db8:0:1::1")
    with pytest.raises(Invalid):
        throttle.newcomer("2001:db8:0:1::2")
    throttle.newcomer("2001:db8:0:2::1")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (121, "3 minutes"),
        (7_199, "2 hours"),
        (7_201, "3 hours"),
        (172_801, "3 days"),
    ],
)
def test_never_says_that_a_wait_is_shorter_than_it_is(seconds: int, words: str) -> None:
    assert clock.wait_in_words(seconds) == words
