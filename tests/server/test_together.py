"""Where a database is waited for, whoever asks meanwhile is answered together after those who are waiting."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ostiary.web import together
from ostiary.web.durations import Durations, Kind
from ostiary.web.immediate import ImmediateProtocol
from ostiary.web.together import Answer, Request, Together
from tests.server.test_awaited import bodies, says_no_more, turns
from tests.server.test_careful import connected
from tests.server.test_immediate import Echo, post

End = tuple[ImmediateProtocol, asyncio.StreamReader, asyncio.StreamWriter]


class Distant(Echo):
    """Answers a turn when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.durations = Durations()
        self.immediate = {b"/oauth/token": Together(self.answers, self.durations, waits=True)}
        self.is_time = asyncio.Event()

    async def answers(self, requests: Sequence[Request]) -> list[Any]:
        found = await super().answers(requests)
        await self.is_time.wait()
        return found


class DistantAndSlow(Distant):
    """What begins with `wait` takes longer than the rest of its turn."""

    async def answers(self, requests: Sequence[Request]) -> list[Any]:
        found = await super().answers(requests)
        return [later(answer) if answer.body.startswith(b"wait") else answer for answer in found]


def later(answer: Answer) -> Coroutine[Any, Any, Answer]:
    async def wait() -> Answer:
        await turns(20)
        return answer

    return wait()


async def asking(app: Distant, stack: AsyncExitStack, count: int) -> list[End]:
    """The first two ask in one turn, the others one by one while those two are waiting."""
    ends = [await stack.enter_async_context(connected(app)) for _ in range(count)]
    for number, (server_end, _, _) in enumerate(ends):
        server_end.data_received(post(b"%d" % number))
        await turns(0 if number == 0 else 2)
    return ends


def test_gathers_whoever_asks_meanwhile() -> None:
    async def heard() -> None:
        app = Distant()
        async with AsyncExitStack() as stack:
            ends = await asking(app, stack, 5)
            assert app.turns == [2]
            app.is_time.set()
            assert [await bodies(reader, 1) for _, reader, _ in ends] == [[b"%d" % number] for number in range(5)]
            assert app.turns == [2, 3]
            # And begins anew with who comes after them.
            ends[3][0].data_received(post(b"six"))
            assert await bodies(ends[3][1], 1) == [b"six"]
            assert app.turns == [2, 3, 1]
            assert app.durations.statuses == {(Kind.TOKEN, 200): 6}
            assert sum(app.durations.stretches[Kind.TOKEN]) == 6

    asyncio.run(heard())


def leaves(server_end: ImmediateProtocol) -> None:
    server_end.transport.abort()


@pytest.mark.parametrize(
    ("end", "is_heard"), [(leaves, False), (says_no_more, True), (ImmediateProtocol.shutdown, True)]
)
def test_answers_the_others_whatever_one_does_meanwhile(end: Any, is_heard: bool) -> None:  # noqa: ANN401 - any of them
    async def heard() -> None:
        app = Distant()
        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(connected(app)) for _ in range(3)]
            for (server_end, _, _), body in zip(ends, (b"one", b"two", b"six"), strict=True):
                server_end.data_received(post(body))
            await turns()
            end(ends[1][0])
            await turns()
            app.is_time.set()
            assert await bodies(ends[0][1], 1) == [b"one"]
            assert await bodies(ends[2][1], 1) == [b"six"]
            rest = await asyncio.wait_for(ends[1][1].read(), 5)
            assert rest.endswith(b"two") == is_heard
            await turns()
            assert ends[0][0].tasks == set()

    asyncio.run(heard())


def test_lets_nobody_wait_for_what_takes_longer() -> None:
    async def heard() -> None:
        app = DistantAndSlow()
        app.is_time.set()
        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(connected(app)) for _ in range(3)]
            asked = (b"wait", b"one", b"two")
            for (server_end, _, _), body in zip(ends, asked, strict=True):
                server_end.data_received(post(body))
            for _, reader, _ in reversed(ends):
                assert await bodies(reader, 1) == [asked[[each[1] for each in ends].index(reader)]]
            assert app.turns == [3]

    asyncio.run(heard())


class Failing(Distant):
    """Cannot answer the first turn at all, whatever was promised."""

    async def answers(self, requests: Sequence[Request]) -> list[Any]:
        found = await super().answers(requests)
        if len(self.turns) == 1:
            raise RuntimeError("planted")
        return found


def test_leaves_nobody_waiting_when_a_turn_fails() -> None:
    async def heard() -> None:
        app = Failing()
        async with AsyncExitStack() as stack:
            ends = await asking(app, stack, 3)
            app.is_time.set()
            for _, reader, _ in ends[:2]:
                assert (await asyncio.wait_for(reader.readuntil(b"}"), 5)).startswith(b"HTTP/1.1 500 ")
            assert await bodies(ends[2][1], 1) == [b"2"]
            assert app.durations.statuses == {(Kind.TOKEN, 500): 2, (Kind.TOKEN, 200): 1}

    asyncio.run(heard())


def test_lets_others_in_between_when_very_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST_WAITING", 2)

    async def heard() -> None:
        app = Distant()
        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(connected(app)) for _ in range(5)]
            for number, (server_end, _, _) in enumerate(ends):
                server_end.data_received(post(b"%d" % number))
            app.is_time.set()
            assert [await bodies(reader, 1) for _, reader, _ in ends] == [[b"%d" % number] for number in range(5)]
            assert app.turns == [2, 2, 1]

    asyncio.run(heard())
