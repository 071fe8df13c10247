"""Some answers of the immediate way are awaited: only their connection waits, and what follows keeps its place."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ostiary.web.immediate import ImmediateProtocol
from ostiary.web.together import Answer, Request
from tests.live import LiveServer
from tests.server.test_both_ways import LEAVE, connected, read, request, told
from tests.server.test_careful import connected as by_hand
from tests.server.test_immediate import Echo, body_of, post

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Patient(Echo):
    """What begins with `wait` is answered when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes] = []
        self.by_asgi: list[bytes] = []
        self.is_time = asyncio.Event()

    async def answers(self, requests: Sequence[Request]) -> list[Any]:
        found = await super().answers(requests)
        return [self.later(answer) if answer.body.startswith(b"wait") else answer for answer in found]

    def later(self, answer: Answer) -> Coroutine[Any, Any, Answer]:
        async def wait() -> Answer:
            await self.is_time.wait()
            self.done.append(answer.body)
            return answer

        return wait()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        self.by_asgi.append(scope["path"].encode())
        await super().__call__(scope, receive, send)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def bodies(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    return [await asyncio.wait_for(body_of(reader), 5) for _ in range(count)]


def test_lets_the_others_pass() -> None:
    async def heard() -> None:
        app = Patient()
        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(by_hand(app)) for _ in range(3)]
            for (server_end, _, _), body in zip(ends, (b"one", b"wait", b"two"), strict=True):
                server_end.data_received(post(body))
            assert await bodies(ends[0][1], 1) == [b"one"]
            assert await bodies(ends[2][1], 1) == [b"two"]
            assert app.done == []
            app.is_time.set()
            assert await bodies(ends[1][1], 1) == [b"wait"]
            # The connection is as good as before.
            ends[1][0].data_received(post(b"six"))
            assert await bodies(ends[1][1], 1) == [b"six"]
            assert app.turns == [3, 1]

    asyncio.run(heard())


@pytest.mark.parametrize("in_one_piece", [True, False])
def test_answers_what_comes_behind_it_after_it(in_one_piece: bool) -> None:
    async def heard() -> None:
        app = Patient()
        async with by_hand(app) as (server_end, reader, _):
            sent = [post(b"wait"), post(b"one"), post(b"two"), post(b"six")]
            for part in [b"".join(sent)] if in_one_piece else sent:
                server_end.data_received(part)
                await turns()
            assert app.by_asgi == []
            app.is_time.set()
            assert await bodies(reader, 4) == [b"wait", b"one", b"two", b"six"]
            server_end.data_received(post(b"ten"))
            assert await bodies(reader, 1) == [b"ten"]

    asyncio.run(heard())


def test_does_what_has_begun_although_the_caller_is_gone() -> None:
    async def heard() -> None:
        app = Patient()
        async with by_hand(app) as (server_end, _, _):
            server_end.data_received(post(b"wait") + post(b"one"))
            await turns()
            server_end.transport.abort()
            await turns()
            app.is_time.set()
            await turns()
            assert app.done == [b"wait"]
            assert app.by_asgi == []
            assert server_end.tasks == set()

    asyncio.run(heard())


def says_no_more(server_end: ImmediateProtocol) -> None:
    assert server_end.eof_received()


@pytest.mark.parametrize("end", [says_no_more, ImmediateProtocol.shutdown])
@pytest.mark.parametrize("behind", [[], [b"one"], [b"one", b"two"]])
def test_answers_what_was_asked_before_the_end(end: Any, behind: list[bytes]) -> None:  # noqa: ANN401 - either
    async def heard() -> None:
        app = Patient()
        async with by_hand(app) as (server_end, reader, _):
            server_end.data_received(b"".join(post(body) for body in (b"wait", *behind)))
            await turns()
            # uvicorn waits for its tasks when it ends.
            assert len(server_end.server_state.tasks) == 1
            end(server_end)
            app.is_time.set()
            assert await bodies(reader, 1 + len(behind)) == [b"wait", *behind]
            assert await asyncio.wait_for(reader.read(), 5) == b""

    asyncio.run(heard())


def test_answers_what_comes_after_the_end_was_announced_and_then_ends() -> None:
    async def heard() -> None:
        app = Patient()
        async with by_hand(app) as (server_end, reader, _):
            server_end.data_received(post(b"wait"))
            await turns()
            server_end.shutdown()
            server_end.data_received(post(b"one"))
            app.is_time.set()
            assert await bodies(reader, 2) == [b"wait", b"one"]
            assert await asyncio.wait_for(reader.read(), 5) == b""

    asyncio.run(heard())


def test_lets_nobody_be_idle_who_waits() -> None:
    async def heard() -> None:
        app = Patient()
        async with by_hand(app) as (server_end, reader, _):
            server_end.timeout_keep_alive = 0.05  # type: ignore[assignment]  # shorter than a second
            server_end.data_received(post(b"one"))
            assert await bodies(reader, 1) == [b"one"]
            server_end.data_received(post(b"wait"))
            await asyncio.sleep(0.2)
            app.is_time.set()
            assert await bodies(reader, 1) == [b"wait"]

    asyncio.run(heard())


def test_gives_the_same_answer_both_ways(live: LiveServer) -> None:
    for sent in (
        {"grant_type": DEVICE_CODE},
        {"grant_type": DEVICE_CODE, "client_id": "ostiary-cli"},
        {"grant_type": DEVICE_CODE, "client_id": "ostiary-cli", "device_code": "x"},
        {"grant_type": "refresh_token", "client_id": "ostiary-cli", "refresh_token": "x"},
        {"grant_type": "refresh_token", "client_id": "ostid_" + "a" * 38},
    ):
        body = json.dumps(sent).encode()
        status, headers, _ = found = told(live, request(body))
        assert status.startswith(b"HTTP/1.1 400"), sent
        assert headers[b"cache-control"] == b"no-store"
        assert found == told(live, request(body, LEAVE)), sent


def test_keeps_the_order_on_a_real_connection(live: LiveServer) -> None:
    waits = request(json.dumps({"grant_type": DEVICE_CODE, "client_id": "ostiary-cli"}).encode())
    other = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(live) as connection:
        rest = b""
        connection.sendall(waits + other + waits)
        for expected in (b"Send the device_code", b"keys", b"Send the device_code"):
            _, _, body, rest = read(connection, rest)
            assert expected in body
