"""What arrives in one turn is answered together, to everybody their own, and read the same however it is cut."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.web import careful
from ostiary.web.durations import Durations
from ostiary.web.immediate import MOST_BYTES, ImmediateProtocol
from ostiary.web.together import Answer, Head, Request, Together
from tests.server.test_careful import connected


def post(body: bytes) -> bytes:
    return b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Echo:
    """Repeats the bodies, and remembers how many came together."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.immediate = {b"/oauth/token": Together(self.answers, Durations(), waits=False)}

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        """ASGI's way, for what comes in one go with something else."""
        heard = await receive()
        body = heard.get("body", b"")
        while heard.get("more_body"):
            heard = await receive()
            body += heard.get("body", b"")
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    async def answers(self, requests: Sequence[Request]) -> list[Answer]:
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


class Heads(Echo):
    """Remembers which heads it saw, by what their requests carried."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bytes, Head]] = []

    async def answers(self, requests: Sequence[Request]) -> list[Answer]:
        self.seen += [(request.body, request.head) for request in requests]
        return await super().answers(requests)


async def told(app: Echo, parts: Sequence[bytes], bodies: int) -> list[bytes]:
    """What one caller hears who sends the parts one after the other, each when the last was dealt with."""
    async with connected(app) as (server_end, reader, _):
        for part in parts:
            server_end.data_received(part)
            # Two turns: the answer is given at the end of the first.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return [await asyncio.wait_for(body_of(reader), 5) for _ in range(bodies)]


async def body_of(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    return await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))


def test_reads_a_repeated_head_once() -> None:
    app = Heads()
    other = post(b"oak").replace(b"Host: x", b"Host: y")
    parts = [post(b"one"), post(b"two"), post(b"longer"), post(b"six"), post(b"ten"), other]
    assert asyncio.run(told(app, parts, 6)) == [b"one", b"two", b"longer", b"six", b"ten", b"oak"]
    heads = dict(app.seen)
    assert heads[b"one"] is heads[b"two"] is not heads[b"longer"] is not heads[b"six"] is heads[b"ten"]
    assert heads[b"oak"].headers != heads[b"ten"].headers


def chunked(body: bytes) -> bytes:
    return b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )


CHUNKS = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
LONG = post(b"a" * (MOST_BYTES + 10))
SIX, END = b"abcdef", b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "bodies"),
    [
        # The bytes behind a head are all its body, or the next request would be read by the wrong rules.
        ([chunked(b"one"), chunked(b"two")], [b"one", b"two"]),
        ([chunked(END), chunked(END)[:-5] + b"1\r\nx\r\n" + END], [END, END + b"x"]),
        ([post(b"one") * 2, post(b"two"), post(b"six")], [b"one", b"one", b"two", b"six"]),
        # A head with as many bytes of chunks behind it as are in them.
        (
            [CHUNKS + b"6\r\nabc", b"def\r\n" + END, CHUNKS + b"c\r\nzzz", b"z" * 9 + b"\r\n" + END],
            [SIX, b"z" * 12],
        ),
        # More than is kept of a body.
        ([LONG[:-10], LONG[-10:], LONG[:-10], LONG[-10:], post(SIX)], [*[b"a" * MOST_BYTES] * 2, SIX]),
        # What looks like a request is one only if none has begun.
        ([post(b"one"), post(post(b"one"))[: -len(post(b"one"))], post(b"one")], [b"one", post(b"one")]),
        ([post(b"one"), post(b"two")[:40], post(b"two")[40:], post(b"six")], [b"one", b"two", b"six"]),
        ([post(b"one"), post(b"two") + post(b"six")[:9], post(b"six")[9:]], [b"one", b"two", b"six"]),
        ([post(SIX * 6)[:39], post(SIX * 6)[39:], post(b"two")[:39], post(b"two")[39:]], [SIX * 6, b"two"]),
    ],
)
def test_reads_by_the_parsers_rules(parts: list[bytes], bodies: list[bytes]) -> None:
    assert asyncio.run(told(Echo(), parts, len(bodies))) == bodies


words = st.sampled_from([b"one", b"two", b"longer", END, post(b"one")])
messages = st.lists(
    st.builds(lambda write, body: (write(body), body), st.sampled_from([post, chunked]), words), max_size=6
)


@given(messages, st.data())
def test_reads_the_same_wherever_it_is_cut(sent: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(message for message, _ in sent)
    borders = [sum(len(message) for message, _ in sent[:number]) for number in range(len(sent))]
    places = st.sampled_from(borders) | st.integers(0, len(stream))
    cuts = sorted({0, len(stream), *(data.draw(st.lists(places, max_size=8)) if sent else [])})
    parts = [stream[start:end] for start, end in pairwise(cuts)]
    assert asyncio.run(told(Echo(), parts, len(sent))) == [body for _, body in sent]


def test_reads_an_offer_that_came_in_pieces_from_its_first_line_on() -> None:
    app = Echo()
    offer = (
        b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nAuthorization: Basic eA==\r\nX: "
    )
    assert asyncio.run(told(app, [offer, post(b"one"), post(b"two")], 2)) == [b"one", b"two"]
    # The first in turn, because it is none of ours; the second at once, with headers of its own.
    assert app.turns == [1]


class Slow(Echo):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        await asyncio.sleep(0.3)
        await super().__call__(scope, receive, send)


def test_lets_nobody_be_idle_who_is_waited_for() -> None:
    async def heard_of_both() -> list[bytes]:
        async with connected(Slow()) as (server_end, reader, _):
            server_end.timeout_keep_alive = 0.1  # type: ignore[assignment]  # shorter than a second
            server_end.data_received(post(b"one") + post(b"two"))
            return [await asyncio.wait_for(body_of(reader), 5) for _ in range(2)]

    assert asyncio.run(heard_of_both()) == [b"one", b"two"]


@pytest.mark.parametrize("first", [post(b"one"), b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"])
@pytest.mark.parametrize("cut", [20, -2])
def test_waits_only_so_long_for_what_began_behind_another(
    first: bytes, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(careful, "PATIENCE_SECONDS", 0.2)

    async def hung_up_on() -> bytes:
        async with connected(Echo()) as (server_end, reader, _):
            server_end.data_received(first + post(b"two")[:cut])
            assert await asyncio.wait_for(body_of(reader), 5) == b"one"
            assert not server_end.eof_received(), "nobody is left who could say the rest"
            return await asyncio.wait_for(reader.read(), 5)

    asyncio.run(hung_up_on())
