"""Moving windows in memory: exact to one request, bounded, and not to be emptied by a crowd."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.limits.kinds import US_PER_SECOND, Counted, Exceeded, Kind
from ostiary.limits.windows import Windows
from ostiary.settings import Limit
from tests.ticking import Ticks

KEY, SOURCE = Kind.TOKEN_REQUESTS_PER_KEY, Kind.TOKEN_REQUESTS_PER_SOURCE
ALICE: Counted = (KEY, "alice")
BOB: Counted = (KEY, "bob")
HOME: Counted = (SOURCE, "198.51.100.7")


def is_allowed(windows: Windows, *ask: Counted) -> bool:
    return not isinstance(windows.take([ask])[0], Exceeded)


def wait_seconds(windows: Windows, *ask: Counted) -> int:
    [verdict] = windows.take([ask])
    assert isinstance(verdict, Exceeded)
    return verdict.retry_after_seconds


@pytest.fixture
def windows(ticks: Ticks) -> Windows:
    assert ticks.now
    return Windows({KEY: Limit(3, 60), SOURCE: Limit(2, 10)})


def test_allows_so_many_and_not_one_more(windows: Windows) -> None:
    assert [is_allowed(windows, ALICE) for _ in range(5)] == [True, True, True, False, False]
    assert is_allowed(windows, BOB)


def test_allows_one_more_when_the_oldest_is_over_and_not_a_microsecond_before(windows: Windows, ticks: Ticks) -> None:
    for _ in range(3):
        assert is_allowed(windows, ALICE)
        ticks.pass_seconds(1)
    ticks.now += 57 * US_PER_SECOND - 1
    assert not is_allowed(windows, ALICE)
    ticks.now += 1
    assert is_allowed(windows, ALICE)
    assert not is_allowed(windows, ALICE)


def test_lets_in_whoever_waits_as_long_as_it_said(windows: Windows, ticks: Ticks) -> None:
    for _ in range(3):
        assert is_allowed(windows, ALICE)
        ticks.pass_seconds(0.3)
    for _ in range(10):
        wait = wait_seconds(windows, ALICE)
        ticks.pass_seconds(wait - 1)
        assert wait == 1 or not is_allowed(windows, ALICE)
        ticks.pass_seconds(1)
        assert is_allowed(windows, ALICE)
        while is_allowed(windows, ALICE):
            pass


def test_says_how_long_to_wait_while_some_of_what_it_keeps_is_over(windows: Windows, ticks: Ticks) -> None:
    for seconds in (0, 40, 10, 15):
        ticks.pass_seconds(seconds)
        assert is_allowed(windows, ALICE)
    assert wait_seconds(windows, ALICE) == 35


def test_counts_for_nobody_what_one_limit_refuses(windows: Windows, ticks: Ticks) -> None:
    assert [is_allowed(windows, ALICE, HOME) for _ in range(3)] == [True, True, False]
    assert wait_seconds(windows, ALICE, HOME) == 10
    # Had the refused ones counted, the key would have nothing left.
    assert is_allowed(windows, ALICE)
    assert wait_seconds(windows, ALICE, HOME) == 60
    ticks.pass_seconds(10)
    assert is_allowed(windows, BOB, HOME)


def test_counts_nothing_that_has_no_limit(ticks: Ticks) -> None:
    windows = Windows({SOURCE: Limit(1, 10)})
    assert ticks.now
    assert all(is_allowed(windows, ALICE) for _ in range(100))
    assert is_allowed(windows)


def test_takes_back_what_turned_out_not_to_count(windows: Windows, ticks: Ticks) -> None:
    moments = []
    for _ in range(3):
        [moment] = windows.take([(ALICE,)])
        assert isinstance(moment, int)
        moments.append(moment)
        ticks.pass_seconds(1)
    windows.give_back((ALICE, HOME, BOB), moments[1])
    windows.give_back((ALICE,), moments[1])
    assert is_allowed(windows, ALICE)
    assert not is_allowed(windows, ALICE)
    ticks.pass_seconds(57)
    assert is_allowed(windows, ALICE)


def test_judges_the_requests_of_a_turn_one_after_the_other(windows: Windows) -> None:
    verdicts = windows.take([(ALICE,), (BOB,), (ALICE,), (ALICE,), (ALICE,), (BOB,)])
    assert [isinstance(each, Exceeded) for each in verdicts] == [False, False, False, False, True, False]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads change in the middle of everything."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_is_exact_when_many_threads_ask_at_once() -> None:
    windows = Windows({KEY: Limit(1, 3600), SOURCE: Limit(2, 3600)})

    def ask(_: int) -> int:
        return sum(is_allowed(windows, (KEY, f"{number}"), (SOURCE, f"{number}")) for number in range(2000))

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(ask, range(4))) == 2000


STEPS = st.lists(st.tuples(st.integers(0, 4_000_000), st.sampled_from("ab"), st.booleans()), max_size=200)


def naive(steps: Sequence[tuple[int, str, bool]], limits: dict[Kind, Limit]) -> list[int]:
    """How long each has to wait, by looking at all that was ever counted."""
    counted: list[tuple[Counted, int]] = []
    now = US_PER_SECOND
    waits = []
    for passed, name, is_also_from_home in steps:
        now += passed
        ask = [(KEY, name), HOME] if is_also_from_home else [(KEY, name)]
        wait = 0
        for each in ask:
            limit = limits[each[0]]
            length = limit.seconds * US_PER_SECOND
            within = [moment for who, moment in counted if who == each and now - moment < length]
            if len(within) >= limit.requests:
                wait = max(wait, within[-limit.requests] + length - now)
        waits.append(wait)
        if not wait:
            counted += [(each, now) for each in ask]
    return waits


@given(STEPS, st.integers(1, 40), st.integers(1, 20))
def test_does_what_counting_everything_would_do(
    steps: Sequence[tuple[int, str, bool]], requests: int, seconds: int
) -> None:
    limits = {KEY: Limit(requests, seconds), SOURCE: Limit(5, 7)}
    with pytest.MonkeyPatch.context() as patch:
        ticks = Ticks(patch)
        windows = Windows(limits)
        found = []
        for passed, name, is_also_from_home in steps:
            ticks.now += passed
            ask = [(KEY, name), HOME] if is_also_from_home else [(KEY, name)]
            [verdict] = windows.take([ask])
            found.append(verdict.wait_us if isinstance(verdict, Exceeded) else 0)
    assert found == naive(steps, limits)


def test_keeps_little_of_what_is_over(ticks: Ticks) -> None:
    windows = Windows({KEY: Limit(1_000_000, 60)})
    for _ in range(10_000):
        assert is_allowed(windows, ALICE)
        ticks.pass_seconds(0.1)
    assert len(windows.tables[KEY].windows["alice"].times) <= 2 * 600 + 32


def test_forgets_whoever_asks_no_more(ticks: Ticks) -> None:
    windows = Windows({KEY: Limit(3, 60)})
    for number in range(20_000):
        assert is_allowed(windows, (KEY, f"{number}"))
        ticks.pass_seconds(1)
    # Sixty are within the window; of the others some are still to be found.
    assert len(windows.tables[KEY].windows) < 60 * 4


def test_keeps_a_full_window_through_a_flood_of_others(ticks: Ticks) -> None:
    windows = Windows({SOURCE: Limit(20, 300)}, most_names=500)
    assert all(is_allowed(windows, HOME) for _ in range(20))
    for number in range(20_000):
        assert is_allowed(windows, (SOURCE, f"flood {number}"))
        ticks.now += 1
    assert len(windows.tables[SOURCE].windows) == 500
    assert not is_allowed(windows, HOME)


def test_counts_every_newcomer_of_a_full_table(ticks: Ticks) -> None:
    windows = Windows({SOURCE: Limit(2, 300)}, most_names=50)
    assert ticks.now
    for number in range(2000):
        newcomer = (SOURCE, f"{number}")
        assert [is_allowed(windows, newcomer) for _ in range(3)] == [True, True, False]
    assert len(windows.tables[SOURCE].windows) == 50
