"""One real server for all raw requests of a file, and sockets that say exactly what a test wants."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

import httptools
import pytest

from tests.clients.servers import serving
from tests.live import HOST, LiveServer
from tests.postgres import Postgres

WAIT_SECONDS = 10
DEADLINE_SECONDS = 10


class Heard(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key == name)


class Reader:
    """What httptools calls while it reads an answer."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode().lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


class Wire:
    """One connection, on which bytes are sent as they are."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.sendall(part)

    def hear(self, *, has_body: bool = True) -> Heard:
        """One whole answer; fails when the connection ends before."""
        reader = Reader()
        parser = httptools.HttpResponseParser(reader)
        raw = b""
        while not reader.is_complete and (has_body or b"\r\n\r\n" not in raw):
            received = self.socket.recv(65536)
            assert received, f"the connection ended after {raw!r}"
            raw += received
            parser.feed_data(received)
        return Heard(parser.get_status_code(), reader.headers, reader.body)


Open = Callable[[], Wire]


@pytest.fixture(scope="module")
def standing(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all tests of a file: none of them may bring it down."""
    with serving(postgres, tmp_path_factory.mktemp("standing")) as server:
        yield server


@pytest.fixture
def wires(standing: LiveServer) -> Iterator[Open]:
    """Opens connections to the standing server and closes what is left of them."""
    with contextlib.ExitStack() as opened:

        def connect() -> Wire:
            return opened.enter_context(Wire(standing.port))

        yield connect


def eventually(look: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:  # noqa: ANN401 - whatever is looked for
    """The first thing `look` finds; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
    return found
