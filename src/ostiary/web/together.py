"""What came together is answered together: requests as the fast lane sees them, and who gathers them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import structlog

from ostiary.web.asgi import Header
from ostiary.web.durations import Durations, Kind

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: tuple[Header, ...]


# When a turn could not be answered at all.
FAILED = Answer(500, b'{"error":"server_error"}', ((b"content-type", b"application/json"),))
# Of those who have to wait: more would be a query that takes too long, and keep the loop from everybody else.
MOST_WAITING = 500
# An answer, or what it takes to get it, which raises nothing.
Given = Answer | Coroutine[Any, Any, Answer]
T = TypeVar("T")


@dataclass(slots=True)
class Head:
    """Who asks, and with which headers; one object for all requests of a connection that repeat them."""

    headers: Sequence[Header]
    peer: str
    # What whoever answers made of it, so that it is read once.
    understood: object = None


class Request(NamedTuple):
    """A complete POST without a query."""

    head: Head
    body: bytes


# One for each, in their order; raises nothing.
Answers = Callable[[Sequence[Request]], Coroutine[Any, Any, Sequence[Given]]]


class Asker(Protocol):
    """A connection, on which one request waits for its answer."""

    loop: asyncio.AbstractEventLoop

    def answered(self, answer: Answer) -> None: ...

    def does(self, work: Coroutine[Any, Any, None]) -> None:
        """To the end, whether or not the caller is still there."""

    async def answer_later(self, answer: Coroutine[Any, Any, Answer]) -> None: ...


class Together:
    """Answers all requests of one turn of the loop together, at its end.

    Step by step for all of them, the work of a busy server takes a fifth less: what a step needs is in the processor's
    caches for everybody but the first. Where answers have to wait, for a database that is not in this process, whoever
    asks meanwhile is answered together after them.
    """

    def __init__(self, answers: Answers, durations: Durations, *, waits: bool) -> None:
        self._answers = answers
        self._durations = durations
        self._waits = waits
        self._is_waited_for = False
        self._began = 0.0
        self._waiting: list[tuple[Asker, Request]] = []

    def ask(self, asker: Asker, request: Request) -> None:
        if not self._waiting:
            self._began = perf_counter()
            if not self._waits:
                asker.loop.call_soon(self._answer_now)
        self._waiting.append((asker, request))
        if self._waits and not self._is_waited_for:
            self._is_waited_for = True
            asker.does(self._answer_soon())

    def _answer_now(self) -> None:
        began, waiting, self._waiting = self._began, self._waiting, []
        self._give(began, waiting, _finished(self._answered(waiting)))

    async def _answer_soon(self) -> None:
        try:
            while self._waiting:
                # From when the first of them came: a turn that waits is told as longer than it was for the others.
                began = self._began
                waiting, self._waiting = self._waiting[:MOST_WAITING], self._waiting[MOST_WAITING:]
                self._give(began, waiting, await self._answered(waiting))
                # What callers have sent meanwhile is read first, so that there is more to answer together.
                await asyncio.sleep(0)
        finally:
            self._is_waited_for = False

    async def _answered(self, waiting: Sequence[tuple[Asker, Request]]) -> Sequence[Given]:
        try:
            return await self._answers([request for _, request in waiting])
        except Exception:
            # Nobody may be left waiting, whatever went wrong.
            log.exception("turn_failed")
            return [FAILED] * len(waiting)

    def _give(self, began: float, waiting: Sequence[tuple[Asker, Request]], answers: Sequence[Given]) -> None:
        statuses = self._durations.statuses
        for (asker, _), answer in zip(waiting, answers, strict=True):
            if isinstance(answer, Answer):
                statuses[Kind.TOKEN, answer.status] += 1
                asker.answered(answer)
            else:
                asker.does(asker.answer_later(self._noted(answer)))
        self._durations.took(Kind.TOKEN, perf_counter() - began, len(waiting))

    async def _noted(self, answer: Coroutine[Any, Any, Answer]) -> Answer:
        found = await answer
        self._durations.ended(Kind.TOKEN, found.status)
        return found


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    work.close()
    raise RuntimeError("it was to be done at once, and waits")
