"""What arrives in one turn of the loop is answered together, and to everybody their own."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from ostiary.web.immediate import Answer, Immediate, ImmediateProtocol, Request
from tests.server.test_careful import connected


def post(body: bytes) -> bytes:
    return b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Echo:
    """Repeats the bodies, and remembers how many came together."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.immediate = {b"/oauth/token": Immediate(self.answers)}

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """ASGI's way, which nobody goes here."""

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        self.turns.append(len(requests))
        return [Answer(200, request.body, ()) for request in requests]


def heard(echo: Echo, *changes: str) -> list[bytes]:
    """Everything that callers hear who ask in one turn, with what happens to each of them before it ends."""

    async def asked() -> list[bytes]:
        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(connected(echo)) for _ in changes]
            for number, ((server_end, _, _), change) in enumerate(zip(ends, changes, strict=True)):
                server_end.data_received(post(b"%d" % number))
                happen(server_end, change)
            for server_end, _, _ in ends:
                asyncio.get_running_loop().call_later(0.2, server_end.shutdown)
            return [await asyncio.wait_for(reader.read(), 5) for _, reader, _ in ends]

    return asyncio.run(asked())


def happen(server_end: ImmediateProtocol, change: str) -> None:
    if change == "leaves":
        server_end.transport.abort()
    elif change == "says no more":
        assert server_end.eof_received()
    elif change == "the server ends":
        server_end.shutdown()
    elif change == "asks for more":
        server_end.data_received(post(b"more")[:30])


def test_answers_a_turn_together() -> None:
    echo = Echo()
    answers = heard(echo, "", "", "")
    assert echo.turns == [3]
    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [b"0", b"1", b"2"]


def test_answers_the_others_when_one_leaves() -> None:
    answers = heard(Echo(), "", "leaves", "")
    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [b"0", b"", b"2"]


def test_answers_whatever_happens_before_the_turn_ends() -> None:
    answers = heard(Echo(), "says no more", "the server ends", "asks for more")
    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [b"0", b"1", b"2"]
