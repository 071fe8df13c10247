"""The tools that break things do break them: what they are told to do happens, and nothing else does."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Fault, FaultProxy, before


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(caller,), daemon=True).start()

    def answer(caller: socket.socket) -> None:
        with caller:
            while piece := caller.recv(1024):
                caller.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.close()


@pytest.fixture
def proxy(echo: tuple[str, int]) -> Iterator[FaultProxy]:
    with before(echo) as made:
        yield made


@pytest.fixture
def caller(proxy: FaultProxy) -> Iterator[socket.socket]:
    with socket.create_connection(proxy._listener.getsockname(), 5) as made:
        yield made


def said(caller: socket.socket, text: bytes) -> bytes:
    caller.sendall(text)
    return caller.recv(1024)


def is_over(caller: socket.socket) -> bool:
    try:
        return caller.recv(1024) == b""
    except ConnectionResetError:
        return True


def is_refused(proxy: FaultProxy) -> bool:
    """Whether a new connection ends, or does not even begin."""
    try:
        with socket.create_connection(proxy._listener.getsockname(), 5) as other:
            return is_over(other)
    except ConnectionError:
        return True


def test_passes_everything_on_by_itself(caller: socket.socket, proxy: FaultProxy) -> None:
    assert said(caller, b"one") == b"one"
    assert said(caller, b"two") == b"two"
    assert (proxy.connections, proxy.cuts) == (1, 0)


def test_delays(caller: socket.socket, proxy: FaultProxy) -> None:
    with proxy.doing(Fault(delay_seconds=0.1)):
        began = time.monotonic()
        assert said(caller, b"one") == b"one"
        assert time.monotonic() - began > 0.15  # once on the way there, once on the way back


def test_stalls_until_it_is_over(caller: socket.socket, proxy: FaultProxy) -> None:
    caller.settimeout(0.2)
    with proxy.doing(Fault(stalls=True)), pytest.raises(TimeoutError):
        said(caller, b"one")
    caller.settimeout(5)
    assert caller.recv(1024) == b"one"


def test_resets_what_is_open_and_what_comes(caller: socket.socket, proxy: FaultProxy) -> None:
    assert said(caller, b"one") == b"one"
    with proxy.doing(Fault(resets=True)):
        assert is_over(caller)
        assert is_refused(proxy)
    with socket.create_connection(proxy._listener.getsockname(), 5) as other:
        assert said(other, b"two") == b"two"


def test_cuts_at_a_byte(caller: socket.socket, proxy: FaultProxy) -> None:
    with proxy.doing(Fault(cuts_after=5)):
        assert said(caller, b"one") == b"one"
        assert said(caller, b"two") == b"tw"
        assert is_over(caller)
    assert proxy.cuts == 1


def test_cuts_the_answer_to_a_word(caller: socket.socket, proxy: FaultProxy) -> None:
    with proxy.doing(Fault(cuts_answer_to=b"COMMIT")):
        assert said(caller, b"one") == b"one"
        caller.sendall(b"COMMIT")
        assert is_over(caller)
    assert proxy.cuts == 1
