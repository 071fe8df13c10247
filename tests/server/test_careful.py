"""What strangers do with HTTP that uvicorn alone would let them: trailers as headers, heads without end, no hurry."""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ostiary.web import careful
from ostiary.web.durations import Durations
from ostiary.web.immediate import ImmediateProtocol
from ostiary.web.together import Answer, Together
from tests.live import READY_PATH, LiveServer
from tests.server.conftest import Heard, Open, Wire

GRANT = b'{"grant_type":"client_credentials"}'
POST = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
READY = f"GET {READY_PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
STAY, LEAVE = b"", b"Connection: close\r\n"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def pair(standing: LiveServer) -> dict[str, Any]:
    made: dict[str, Any] = standing.cli("init", "--organization", "Acme", "--bank", "North")
    return made


def whole(pair: dict[str, Any]) -> bytes:
    wanted = ("client_id", "client_secret")
    return json.dumps({"grant_type": "client_credentials", **{name: pair[name] for name in wanted}}).encode()


def chunked(body: bytes, trailers: bytes = b"") -> bytes:
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n" + trailers + b"\r\n"


def heard(wire: Wire, *parts: bytes) -> Heard:
    wire.send(*parts)
    return wire.hear()


@pytest.mark.parametrize("way", [STAY, LEAVE])
def test_takes_no_secret_from_a_trailer(wires: Open, pair: dict[str, Any], way: bytes) -> None:
    basic = base64.b64encode("{client_id}:{client_secret}".format_map(pair).encode())
    header = b"Authorization: Basic " + basic + b"\r\n"
    body = b"Content-Length: %d\r\n\r\n" % len(GRANT) + GRANT
    assert heard(wires(), POST + way + header + body).status == 200
    assert heard(wires(), POST + way + chunked(GRANT, header)).status == 401


def test_takes_no_token_from_a_trailer(wires: Open, pair: dict[str, Any]) -> None:
    body = whole(pair)
    answer = heard(wires(), POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    header = b"Authorization: Bearer " + json.loads(answer.body)["access_token"].encode() + b"\r\n"
    ask = b"GET /api/banks HTTP/1.1\r\nHost: x\r\n"
    assert heard(wires(), ask + header + b"\r\n").status == 200
    assert heard(wires(), ask + chunked(b"", header)).status == 401


@pytest.mark.parametrize(
    "beginning",
    [
        POST,
        b"GET /api/banks HTTP/1.1\r\n",
        POST + b"x: ",
        b"POST /",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
        b"POST /api/banks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: ",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;",
    ],
)
@pytest.mark.parametrize("more", [b"a", b"a: b\r\n"])
def test_reads_no_head_and_no_trailer_without_end(wires: Open, beginning: bytes, more: bytes) -> None:
    wire = wires()
    wire.send(beginning)
    with pytest.raises(ConnectionError):
        wire.send(*[more * (MEGABYTE // len(more))] * 20)
    assert heard(wires(), READY).status == 200


def test_says_that_a_head_is_too_large(wires: Open) -> None:
    wire = wires()
    # Only the last of these is too much: whatever came after it would be answered by a reset.
    answer = heard(wire, POST, *[b"a: " + b"b" * 995 + b"\r\n"] * 65, b"a: " + b"b" * 995 + b"\r\n")
    assert answer.status == 431
    assert wire.socket.recv(1) == b""


def test_reads_a_head_of_sixty_thousand_bytes(wires: Open) -> None:
    assert heard(wires(), POST, *[b"a: " + b"b" * 994 + b"\r\n"] * 60, b"\r\n").status == 400


@pytest.mark.parametrize("offer", [b"h2c", b"websocket", b"anything/1"])
@pytest.mark.parametrize("way", [STAY, LEAVE])
def test_passes_over_the_offer_of_another_protocol(wires: Open, pair: dict[str, Any], offer: bytes, way: bytes) -> None:
    headers = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: " + offer + b"\r\n" + way
    body = whole(pair)
    wire = wires()
    long = POST + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert heard(wire, long).status == 200
    if way is STAY:
        assert heard(wire, *(long[at : at + 1] for at in range(len(long)))).status == 200
        assert heard(wire, POST + headers + chunked(body)).status == 200
        assert heard(wire, b"GET /api/banks HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n").status == 401
        wire.send(long + long)
        assert [wire.hear().status, heard(wire, READY).status] == [200, 200]


def test_answers_who_has_said_everything_and_listens(wires: Open) -> None:
    for whole_request, status in ((READY, 200), (b"GET /api/banks HTTP/1.1\r\nHost: x\r\n\r\n", 401)):
        wire = wires()
        wire.send(whole_request)
        wire.socket.shutdown(1)
        assert wire.hear().status == status
        assert wire.socket.recv(1) == b"", "nothing more can come, so the connection ends"


@contextlib.asynccontextmanager
async def connected(app: Any) -> AsyncIterator[tuple[ImmediateProtocol, asyncio.StreamReader, asyncio.StreamWriter]]:  # noqa: ANN401 - ASGI's
    """The server's end of a connection to an application of the test's own, and the caller's."""
    config, state = uvicorn.Config(app, log_config=None, proxy_headers=False, ws="none"), ServerState()
    server_end = ImmediateProtocol(config, state, {})
    ours, callers = socket.socketpair()
    await asyncio.get_running_loop().connect_accepted_socket(lambda: server_end, ours)
    reader, writer = await asyncio.open_connection(sock=callers)
    yield server_end, reader, writer
    writer.close()
    await writer.wait_closed()


class Recorder:
    """Answers at once what it is asked at once, and in turn what it is asked in turn."""

    def __init__(self) -> None:
        self.immediate = {b"/oauth/token": Together(self.at_once, Durations(), waits=False)}
        self.asked: list[str] = []

    async def at_once(self, requests: Sequence[object]) -> list[Answer]:
        self.asked += ["at once"] * len(requests)
        return [Answer(200, b"", ())] * len(requests)

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        while (heard := await receive()).get("more_body"):
            pass
        if heard["type"] == "http.request":
            self.asked.append("in turn")
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})


def test_lets_nobody_have_the_server_to_himself() -> None:
    app, count = Recorder(), 50

    async def asked_in_one_go() -> None:
        async with connected(app) as (server_end, reader, _):
            server_end.data_received((POST + b"\r\n") * count)
            assert app.asked == []
            for _ in range(count):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            server_end.data_received(POST + b"\r\n")

    asyncio.run(asked_in_one_go())
    assert app.asked == ["at once", *["in turn"] * (count - 1), "at once"]


@pytest.mark.parametrize("asked", [[POST + b"\r\n"] * 3, [POST + b"\r\n", READY, POST + b"\r\n"]])
def test_hangs_up_on_who_asks_no_more(asked: list[bytes]) -> None:
    async def hung_up_on() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with connected(Recorder()) as (server_end, reader, writer):
            server_end.timeout_keep_alive = 0.4  # type: ignore[assignment]  # whole seconds are long for a test
            for request in asked:
                await asyncio.sleep(0.3)
                writer.write(request)
                await reader.readuntil(b"\r\n\r\n")
            last = loop.time()
            assert await asyncio.wait_for(reader.read(), 5) == b""
            return last, loop.time()

    last, end = asyncio.run(hung_up_on())
    assert end - last >= 0.35, "the time begins anew with every answer"


def test_lets_only_so_many_requests_wait(wires: Open) -> None:
    wire = wires()
    with pytest.raises(ConnectionError):
        wire.send(*[READY * 1000] * 500)
    assert heard(wires(), READY).status == 200


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /", POST, POST + b"Content-Length: 9\r\n\r\n{", READY[:-2]])
def test_hangs_up_on_a_request_that_does_not_arrive(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(careful, "PATIENCE_SECONDS", 0.2)
    app = Recorder()

    async def hung_up_on() -> bytes:
        async with connected(app) as (_, reader, writer):
            for byte in sent:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(hung_up_on()) == b""
    assert app.asked == []


@pytest.mark.parametrize("requests", [1, 3])
def test_hangs_up_on_who_reads_nothing(monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    monkeypatch.setattr(careful, "PATIENCE_SECONDS", 0.2)

    is_over = asyncio.Event()

    async def endless(_: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        await receive()
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * MEGABYTE, "more_body": True})
            await asyncio.sleep(0)
        is_over.set()

    endless.immediate = {}  # type: ignore[attr-defined]

    async def hung_up_on() -> None:
        async with connected(endless) as (_, __, writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # of the socket's own kind
            writer.write(READY * requests)
            await asyncio.wait_for(is_over.wait(), 5)

    asyncio.run(hung_up_on())


def test_goes_on_with_who_reads_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful, "PATIENCE_SECONDS", 0.5)
    size = 4 * MEGABYTE

    async def long(_: Any, __: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        await send({"type": "http.response.body", "body": b"x" * size})

    long.immediate = {}  # type: ignore[attr-defined]

    async def read_slowly() -> int:
        async with connected(long) as (_, reader, writer):
            writer.write(READY)
            await reader.readuntil(b"\r\n\r\n")
            read = 0
            while read < size:
                read += len(await reader.read(MEGABYTE // 4))
                await asyncio.sleep(0.1)
            return read

    assert asyncio.run(read_slowly()) == size
