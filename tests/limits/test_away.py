"""Redis killed, frozen, or slow: each process counts for itself, nobody waits long, and it ends without a hand."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import structlog
from structlog.testing import CapturingLogger

from ostiary.limits import redis_windows, shared_windows
from ostiary.limits.counting import Counting
from ostiary.limits.kinds import Ask, Counted, Exceeded, Kind
from ostiary.limits.redis_windows import RedisWindows
from ostiary.limits.shared_windows import PATIENCE_SECONDS, SharedWindows
from ostiary.settings import Limit
from tests.redis_server import RedisServer

ALICE: Counted = (Kind.TOKEN_REQUESTS_PER_KEY, "alice")
LIMITS = {ALICE[0]: Limit(3, 3600)}
ASK: Ask = (ALICE,)
# More than a busy machine takes for nothing.
LONG_SECONDS = PATIENCE_SECONDS + 2
DEADLINE_SECONDS = 60


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    found = CapturingLogger()
    monkeypatch.setattr(shared_windows, "log", structlog.wrap_logger(found, processors=[]))
    return found


@pytest.fixture
def counting(redis_server: RedisServer, log: CapturingLogger) -> Iterator[Counting]:
    assert log.calls == []
    with closing(Counting(LIMITS, SharedWindows(RedisWindows(redis_server.url, LIMITS, bytes(32))))) as opened:
        yield opened


def allowed(counting: Counting, times: int) -> int:
    return sum(not isinstance(verdict, Exceeded) for _ in range(times) for verdict in counting.take([ASK]))


def soon(counting: Counting, times: int) -> int:
    """The same from an event loop, all at once."""

    async def ask() -> int:
        found = await asyncio.gather(*(counting.take_soon([ASK]) for _ in range(times)))
        return sum(not isinstance(verdict, Exceeded) for verdicts in found for verdict in verdicts)

    return asyncio.run(ask())


def said(log: CapturingLogger) -> list[str]:
    return [call.kwargs["event"] for call in log.calls]


def wait_until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not look():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def in_redis(server: RedisServer) -> int:
    return sum(server.client.llen(name) for name in server.client.keys("ostiary:limits:token*"))


def test_counts_in_redis_for_threads_and_for_the_loop(counting: Counting, redis_server: RedisServer) -> None:
    assert allowed(counting, 1) == 1
    assert soon(counting, 5) == 2
    assert allowed(counting, 1) == 0
    assert in_redis(redis_server) == 3


def test_gives_back_in_redis(counting: Counting, redis_server: RedisServer) -> None:
    [verdict] = counting.take([ASK])
    counting.give_back(ASK, verdict)
    wait_until(lambda: in_redis(redis_server) == 0)
    assert allowed(counting, 5) == 3
    [refused] = counting.take([ASK])
    counting.give_back(ASK, refused)
    assert allowed(counting, 1) == 0


def test_counts_alone_while_redis_is_killed(
    counting: Counting, redis_server: RedisServer, log: CapturingLogger
) -> None:
    assert allowed(counting, 2) == 2
    redis_server.kill()
    # Never open: it begins anew, and ends at the limit.
    assert allowed(counting, 50) == 3
    assert soon(counting, 50) == 0
    assert said(log) == ["limits_redis_away"]
    redis_server.start()
    wait_until(lambda: said(log) == ["limits_redis_away", "limits_redis_back"])
    assert allowed(counting, 5) == 3
    assert in_redis(redis_server) == 3


@pytest.mark.parametrize("ask", [allowed, soon])
def test_waits_a_moment_for_a_frozen_redis_and_only_once(
    counting: Counting, redis_server: RedisServer, log: CapturingLogger, ask: Callable[[Counting, int], int]
) -> None:
    assert ask(counting, 2) == 2
    redis_server.freeze()
    began = time.monotonic()
    assert ask(counting, 200) == 3
    assert time.monotonic() - began < LONG_SECONDS
    assert said(log) == ["limits_redis_away"]
    redis_server.thaw()
    wait_until(lambda: len(log.calls) > 1)
    assert said(log) == ["limits_redis_away", "limits_redis_back"]
    wait_until(lambda: in_redis(redis_server) == 3)
    assert ask(counting, 5) == 0


def test_keeps_nobody_waiting_who_comes_while_redis_freezes(counting: Counting, redis_server: RedisServer) -> None:
    allowed(counting, 1)
    redis_server.freeze()

    def seconds(_: int) -> float:
        began = time.monotonic()
        counting.take([ASK])
        return time.monotonic() - began

    with ThreadPoolExecutor(20) as crowd:
        assert max(crowd.map(seconds, range(100))) < LONG_SECONDS
    redis_server.thaw()


@pytest.mark.parametrize("ask", [allowed, soon])
def test_waits_no_longer_for_a_name_that_takes_long_to_look_up(
    counting: Counting, log: CapturingLogger, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Counting, int], int]
) -> None:
    def slow(*_: object) -> list[int]:
        time.sleep(PATIENCE_SECONDS * 2)
        return []

    monkeypatch.setattr(redis_windows.RedisWindows, "_run", slow)
    began = time.monotonic()
    assert ask(counting, 20) == 3
    assert time.monotonic() - began < PATIENCE_SECONDS * 2
    assert said(log) == ["limits_redis_away"]


def test_starts_without_redis(redis_server: RedisServer, log: CapturingLogger) -> None:
    redis_server.kill()
    shared = SharedWindows(RedisWindows(redis_server.url, LIMITS, bytes(32)))
    with closing(Counting(LIMITS, shared)) as counting:
        assert allowed(counting, 9) == 3
        redis_server.start()
        wait_until(lambda: said(log) == ["limits_redis_away", "limits_redis_back"])
        assert allowed(counting, 9) == 3


def test_tells_no_password_when_redis_is_away(redis_server: RedisServer, log: CapturingLogger) -> None:
    redis_server.client.config_set("requirepass", "right")
    url = redis_server.url.replace("unix://", "unix://user:hidden@")
    with closing(Counting(LIMITS, SharedWindows(RedisWindows(url, LIMITS, bytes(32))))) as counting:
        assert allowed(counting, 9) == 3
    assert said(log) == ["limits_redis_away"]
    assert "hidden" not in str(log.calls)


def test_ends_at_once_when_it_is_closed(counting: Counting, redis_server: RedisServer) -> None:
    assert redis_server.client.ping()
    allowed(counting, 1)
    counting.close()
    assert counting._shared is not None
    assert counting._shared._thread is not None
    assert not counting._shared._thread.is_alive()
