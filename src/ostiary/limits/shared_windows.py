"""The way to Redis and back: one thread asks for everybody, and nobody waits long for it."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from queue import Empty, SimpleQueue
from typing import NamedTuple

import structlog

from ostiary.limits.kinds import Ask, Verdict
from ostiary.limits.redis_windows import Away, RedisWindows

# More than the connection itself waits, because a name may take long to look up.
PATIENCE_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 1.0
MOST_AT_ONCE = 500
STOP_SECONDS = 2

log = structlog.get_logger(__name__)


class _Question(NamedTuple):
    asks: Sequence[Ask]
    answer: "Future[list[Verdict]]"


class _Return(NamedTuple):
    """What was counted and is to be taken out again."""

    ask: Ask
    moment: int


class SharedWindows:
    """None in place of an answer means that Redis is away, and that the process counts for itself meanwhile.

    The thread finds out when it is back: no request waits for that.
    """

    def __init__(self, windows: RedisWindows) -> None:
        self._windows = windows
        self._waiting: SimpleQueue[_Question | _Return | None] = SimpleQueue()
        self.is_away = False
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()

    def take(self, asks: Sequence[Ask]) -> list[Verdict] | None:
        answer = self._asked(asks)
        if answer is None:
            return None
        try:
            return answer.result(PATIENCE_SECONDS)
        except TooLate:
            answer.cancel()
            self._note_away("no answer in time")
        except Away:
            pass
        return None

    async def take_soon(self, asks: Sequence[Ask]) -> list[Verdict] | None:
        answer = self._asked(asks)
        if answer is None:
            return None
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), PATIENCE_SECONDS)
        except TimeoutError:
            self._note_away("no answer in time")
        except Away:
            pass
        return None

    def give_back(self, ask: Ask, moment: int) -> None:
        if not self.is_away:
            self._waiting.put(_Return(ask, moment))

    def close(self) -> None:
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _asked(self, asks: Sequence[Ask]) -> "Future[list[Verdict]] | None":
        if self.is_away:
            return None
        if self._thread is None:
            self._start()
        answer: Future[list[Verdict]] = Future()
        self._waiting.put(_Question(asks, answer))
        return answer

    def _start(self) -> None:
        with self._changing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ostiary-limits", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                first = self._waiting.get(timeout=LOOK_AGAIN_SECONDS if self.is_away else None)
            except Empty:
                self._look_again()
                continue
            if first is None:
                self._windows.close()
                return
            self._serve(first)

    def _serve(self, first: _Question | _Return) -> None:
        questions, returns = self._together(first)
        wanted = [each for each in questions if each.answer.set_running_or_notify_cancel()]
        try:
            found = self._found([ask for each in wanted for ask in each.asks])
            for each in wanted:
                answer, found = found[: len(each.asks)], found[len(each.asks) :]
                each.answer.set_result(answer)
            for one in returns:
                self._windows.give_back(one.ask, one.moment)
        except Exception as error:  # noqa: BLE001 - nobody may be left waiting, whatever went wrong
            self._note_away(str(error))
            for each in wanted:
                if not each.answer.done():
                    each.answer.set_exception(Away(str(error)))

    def _found(self, asks: Sequence[Ask]) -> list[Verdict]:
        if self.is_away:
            raise Away("away since before this was asked")
        return self._windows.take(asks) if asks else []

    def _together(self, first: _Question | _Return) -> tuple[list[_Question], list[_Return]]:
        """Everything that waits by now, in one go."""
        waiting: list[_Question | _Return] = [first]
        while len(waiting) < MOST_AT_ONCE:
            try:
                following = self._waiting.get_nowait()
            except Empty:
                break
            if following is None:
                # The end comes after what was asked before it.
                self._waiting.put(None)
                break
            waiting.append(following)
        questions = [each for each in waiting if isinstance(each, _Question)]
        return questions, [each for each in waiting if isinstance(each, _Return)]

    def _note_away(self, reason: str) -> None:
        with self._changing:
            if not self.is_away:
                self.is_away = True
                log.warning("limits_redis_away", reason=reason)

    def _look_again(self) -> None:
        try:
            self._windows.probe()
        except Away:
            return
        with self._changing:
            self.is_away = False
            log.warning("limits_redis_back")
