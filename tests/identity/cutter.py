"""A proxy that lets a request through and cuts the connection after so many bytes of the answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live import HOST

ALL = 1 << 20
WAIT_SECONDS = 60


class Cutter:
    def __init__(self, port: int) -> None:
        self._target = (HOST, port)
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        # After so many bytes of an answer its connection is reset.
        self.after = ALL

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller, self.after), daemon=True).start()

    def _pass_on(self, caller: socket.socket, left: int) -> None:
        """One request, which fits into one piece, and as much of its answer as is allowed."""
        with caller, socket.create_connection(self._target, WAIT_SECONDS) as server:
            server.sendall(caller.recv(1 << 16))
            while left:
                piece = server.recv(min(left, 1 << 16))
                if not piece:
                    break
                caller.sendall(piece)
                left -= len(piece)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def cutting(port: int) -> Iterator[Cutter]:
    cutter = Cutter(port)
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
