"""A proxy that cuts answers short: it passes requests on whole, and ends connections after so many bytes back."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live import HOST

WAIT_SECONDS = 60
WHOLE = 1 << 30


class Cutter:
    def __init__(self, port: int, *cuts: int) -> None:
        self._target = (HOST, port)
        # Of the first connections.
        self._cuts = list(cuts)
        # Of those that come later: so many bytes of an answer.
        self.after = WHOLE
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            cut = self._cuts[self.connections] if self.connections < len(self._cuts) else self.after
            self.connections += 1
            threading.Thread(target=self._pass_on, args=(caller, cut), daemon=True).start()

    def _pass_on(self, caller: socket.socket, left: int) -> None:
        with caller, socket.create_connection(self._target, WAIT_SECONDS) as server:
            threading.Thread(target=_copy, args=(caller, server), daemon=True).start()
            with contextlib.suppress(OSError):
                # Not before the server answers: what it was asked to do is done by then.
                piece = server.recv(1 << 16)
                while piece and left > 0:
                    caller.sendall(piece[:left])
                    left -= len(piece)
                    piece = server.recv(1 << 16) if left > 0 else b""
            with contextlib.suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)


@contextmanager
def cutting(port: int, *cuts: int) -> Iterator[Cutter]:
    cutter = Cutter(port, *cuts)
    try:
        yield cutter
    finally:
        cutter.close()


def exchange(port: int, request: bytes) -> bytes:
    """Everything that comes back before the connection ends, however it ends."""
    received = b""
    with socket.create_connection((HOST, port), WAIT_SECONDS) as connection:
        connection.sendall(request)
        while True:
            try:
                piece = connection.recv(1 << 16)
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece


def hang_up(port: int, request: bytes) -> None:
    """Sends it whole, and does not wait for an answer."""
    with socket.create_connection((HOST, port), WAIT_SECONDS) as connection:
        connection.sendall(request)
