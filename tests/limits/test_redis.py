"""Windows in Redis answer as those in memory do, for everybody who asks it."""

import importlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from ostiary.errors import ConfigurationError
from ostiary.limits.kinds import US_PER_SECOND, Counted, Exceeded, Kind, Verdict
from ostiary.limits.redis_windows import PREFIX, WAIT_SECONDS, Away, RedisWindows
from ostiary.settings import Limit
from tests.redis_server import RedisServer

KEY, SOURCE = Kind.TOKEN_REQUESTS_PER_KEY, Kind.TOKEN_REQUESTS_PER_SOURCE
ALICE: Counted = (KEY, "alice")
BOB: Counted = (KEY, "bob")
HOME: Counted = (SOURCE, "198.51.100.7")
LIMITS = {KEY: Limit(3, 60), SOURCE: Limit(2, 10)}
NAME_KEY = bytes(range(32))


def is_allowed(verdict: Verdict) -> bool:
    return not isinstance(verdict, Exceeded)


@pytest.fixture
def windows(redis_server: RedisServer) -> Iterator[RedisWindows]:
    with closing(RedisWindows(redis_server.url, LIMITS, NAME_KEY)) as opened:
        yield opened


def move(server: RedisServer, seconds: float) -> None:
    """Makes everything that was counted so much older."""
    for name in server.client.keys(f"{PREFIX}:*"):
        for place, moment in enumerate(server.client.lrange(name, 0, -1)):
            server.client.lset(name, place, str(int(moment) - round(seconds * US_PER_SECOND)))


def test_allows_so_many_and_not_one_more(windows: RedisWindows) -> None:
    verdicts = windows.take([(ALICE,), (ALICE,), (BOB,), (ALICE,), (ALICE,)])
    assert [is_allowed(each) for each in verdicts] == [True, True, True, True, False]
    [refused] = windows.take([(ALICE,)])
    assert isinstance(refused, Exceeded)
    assert (refused.kind, refused.limit, refused.retry_after_seconds) == (KEY, Limit(3, 60), 60)


def test_counts_for_nobody_what_one_limit_refuses(windows: RedisWindows) -> None:
    assert [is_allowed(each) for each in windows.take([(ALICE, HOME)] * 3)] == [True, True, False]
    assert [is_allowed(each) for each in windows.take([(ALICE,)] * 2)] == [True, False]
    [refused] = windows.take([(BOB, HOME)])
    assert isinstance(refused, Exceeded)
    assert refused.kind == SOURCE


def test_moves_its_window(windows: RedisWindows, redis_server: RedisServer) -> None:
    for _ in range(3):
        assert is_allowed(*windows.take([(ALICE,)]))
        move(redis_server, 15)
    [refused] = windows.take([(ALICE,)])
    assert isinstance(refused, Exceeded)
    assert refused.retry_after_seconds == 15
    move(redis_server, 15)
    assert [is_allowed(each) for each in windows.take([(ALICE,)] * 2)] == [True, False]


def test_lets_in_whoever_waits_as_long_as_it_said(redis_server: RedisServer) -> None:
    with closing(RedisWindows(redis_server.url, {KEY: Limit(2, 1)}, NAME_KEY)) as windows:
        windows.take([(ALICE,)] * 2)
        [refused] = windows.take([(ALICE,)])
        assert isinstance(refused, Exceeded)
        time.sleep(refused.retry_after_seconds)
        assert is_allowed(*windows.take([(ALICE,)]))


def test_counts_nothing_that_has_no_limit(windows: RedisWindows, redis_server: RedisServer) -> None:
    nothing = (Kind.CUSTOMER_TOKENS_PER_KEY, "alice")
    assert all(is_allowed(each) for each in windows.take([(nothing,), ()] * 50))
    assert redis_server.client.keys("*") == []


def test_takes_back_what_turned_out_not_to_count(windows: RedisWindows) -> None:
    first, *_ = windows.take([(ALICE, HOME)] * 2)
    assert isinstance(first, int)
    windows.give_back((ALICE, HOME), first)
    assert [is_allowed(each) for each in windows.take([(ALICE, HOME)] * 2)] == [True, False]


def test_is_exact_when_many_ask_at_once(redis_server: RedisServer) -> None:
    with ExitStack() as stack:
        opened = [RedisWindows(redis_server.url, {KEY: Limit(500, 3600)}, NAME_KEY) for _ in range(4)]
        crowd = [stack.enter_context(closing(each)) for each in opened]

        def ask(windows: RedisWindows) -> int:
            found = [windows.take([(ALICE,)] * 5) for _ in range(100)]
            return sum(is_allowed(each) for verdicts in found for each in verdicts)

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(ask, crowd)) == 500


def test_obeys_a_limit_that_was_changed(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE,)] * 3)
    for limit, allowed in ((Limit(2, 60), 0), (Limit(5, 60), 2)):
        with closing(RedisWindows(redis_server.url, {KEY: limit}, NAME_KEY)) as changed:
            assert sum(is_allowed(each) for each in changed.take([(ALICE,)] * 9)) == allowed


def test_begins_anew_when_somebody_set_the_clock_back(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE,)] * 3)
    move(redis_server, -3600)
    assert [is_allowed(each) for each in windows.take([(ALICE,)] * 4)] == [True, True, True, False]


def test_leaves_nothing_behind_in_redis(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE, HOME)] * 9)
    names = redis_server.client.keys("*")
    assert len(names) == 2
    assert sorted(redis_server.client.llen(name) for name in names) == [2, 2]
    assert all(0 < redis_server.client.pttl(name) <= 60_000 for name in names)


def test_keeps_no_more_moments_than_the_limit(windows: RedisWindows, redis_server: RedisServer) -> None:
    for _ in range(5):
        assert all(is_allowed(each) for each in windows.take([(ALICE,)] * 2))
        move(redis_server, 60)
    [name] = redis_server.client.keys("*")
    assert redis_server.client.llen(name) == 3


def test_shows_nobody_in_redis_who_was_counted(windows: RedisWindows, redis_server: RedisServer) -> None:
    account = (Kind.TOKEN_REQUESTS_PER_KEY, "carol@example.com\udcff")
    windows.take([(account, HOME)])
    found = redis_server.client.keys("*")
    assert not any("carol" in name or HOME[1] in name for name in found)
    with closing(RedisWindows(redis_server.url, LIMITS, bytes(32))) as another_installation:
        another_installation.take([(account, HOME)])
    assert len(redis_server.client.keys("*")) == 4


def test_goes_on_with_a_redis_that_was_restarted(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE,)] * 3)
    redis_server.kill()
    redis_server.start()
    assert is_allowed(*windows.take([(ALICE,)]))


def test_goes_on_when_redis_has_forgotten_the_script(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE,)])
    redis_server.client.script_flush()
    assert is_allowed(*windows.take([(ALICE,)]))


def test_says_that_redis_is_away(windows: RedisWindows, redis_server: RedisServer) -> None:
    redis_server.kill()
    with pytest.raises(Away):
        windows.take([(ALICE,)])
    with pytest.raises(Away):
        windows.give_back((ALICE,), 1)
    with pytest.raises(Away):
        windows.probe()


def test_waits_a_moment_and_no_longer(windows: RedisWindows, redis_server: RedisServer) -> None:
    windows.take([(ALICE,)])
    redis_server.freeze()
    began = time.monotonic()
    with pytest.raises(Away):
        windows.take([(ALICE,)])
    assert WAIT_SECONDS <= time.monotonic() - began < WAIT_SECONDS + 2


@pytest.mark.parametrize("trouble", ["a full one", "a replica", "one with something else in it"])
def test_does_not_trust_a_redis_that_cannot_count(
    windows: RedisWindows, redis_server: RedisServer, trouble: str
) -> None:
    windows.probe()
    match trouble:
        case "a full one":
            redis_server.client.config_set("maxmemory", "1")
        case "a replica":
            redis_server.client.replicaof("192.0.2.1", "6379")
        case _:
            windows.take([(ALICE,)])
            [name] = redis_server.client.keys(f"{PREFIX}:{KEY}:*")
            redis_server.client.set(name, "x")
    with pytest.raises(Away):
        windows.take([(ALICE,)])
    if trouble != "one with something else in it":
        with pytest.raises(Away):
            windows.probe()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigurationError, match=r"pip install 'ostiary\[redis\]'"):
        RedisWindows("redis://127.0.0.1/0", LIMITS, NAME_KEY)


def test_says_which_setting_is_wrong() -> None:
    with pytest.raises(ConfigurationError, match="OSTIARY_LIMITS_URL: "):
        RedisWindows("redis://127.0.0.1:port/0", LIMITS, NAME_KEY)
