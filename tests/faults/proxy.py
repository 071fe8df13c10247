"""A proxy that does to a connection what networks do: it delays, stalls, resets, and cuts at a byte or at a word."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 1 << 16
# RST instead of FIN: no goodbye.
RESET = struct.pack("ii", 1, 0)

Address = Path | tuple[str, int]


@dataclass(frozen=True)
class Fault:
    """What happens to every connection while it is in force; by itself, nothing."""

    delay_seconds: float = 0.0
    # Nothing gets through in either direction, and nobody is told.
    stalls: bool = False
    # Those that are open end, and so do new ones.
    resets: bool = False
    # So many bytes of the answers of a connection get through.
    cuts_after: int | None = None
    # Once a caller has said this, it gets through, and the answer to it does not.
    cuts_answer_to: bytes = b""


NOTHING = Fault()


class FaultProxy:
    def __init__(self, listener: socket.socket, target: Address) -> None:
        self._listener = listener
        self._target = target
        self._fault = NOTHING
        # Of a listener that has one.
        self.port: int = listener.getsockname()[1] if listener.family == socket.AF_INET else 0
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        # How many connections have come, and how many were cut.
        self.connections = 0
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def doing(self, fault: Fault) -> Iterator[None]:
        self.set(fault)
        try:
            yield
        finally:
            self.set(NOTHING)

    def set(self, fault: Fault) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify_all()
        if fault.resets:
            for each in list(self._open):
                _reset(each)

    def close(self) -> None:
        self._listener.close()
        self.set(Fault(resets=True))

    @property
    def open_connections(self) -> int:
        return len(self._open) // 2

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._fault.resets:
                _reset(caller)
                continue
            try:
                server = _connected(self._target)
            except OSError:
                _reset(caller)
                continue
            _Passage(self, caller, server).begin()

    def _wait(self, piece: bytes) -> Fault:
        """Until a piece may pass; the fault that is in force then."""
        with self._changed:
            while self._fault.stalls:
                self._changed.wait()
            fault = self._fault
        if fault.delay_seconds and piece:
            time.sleep(fault.delay_seconds)
        return fault


class _Passage:
    """One connection."""

    def __init__(self, proxy: FaultProxy, caller: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._caller, self._server = caller, server
        self._answered = 0
        self._is_condemned = False

    def begin(self) -> None:
        self._proxy._open |= {self._caller, self._server}
        threading.Thread(target=self._pass_on, args=(self._caller, self._server), daemon=True).start()
        threading.Thread(target=self._pass_on, args=(self._server, self._caller), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                fault = self._proxy._wait(piece)
                if source is self._server and self._is_cut(piece, fault):
                    break
                if fault.cuts_answer_to and source is self._caller and fault.cuts_answer_to in piece:
                    self._is_condemned = True
                target.sendall(piece)
        self._end()

    def _is_cut(self, piece: bytes, fault: Fault) -> bool:
        if fault.cuts_after is not None:
            left = max(0, fault.cuts_after - self._answered)
            self._answered += len(piece)
            if len(piece) > left:
                self._caller.sendall(piece[:left])
                self._is_condemned = True
        self._proxy.cuts += self._is_condemned
        return self._is_condemned

    def _end(self) -> None:
        for each in (self._caller, self._server):
            _reset(each)
            self._proxy._open.discard(each)


def _connected(target: Address) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target)
    found = socket.socket(socket.AF_UNIX)
    found.connect(str(target))
    return found


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def before(target: Address, at: Path | None = None) -> Iterator[FaultProxy]:
    """A proxy at a socket file, or at a port that it chooses."""
    if at is not None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(at))
        listener.listen()
    else:
        listener = socket.create_server(("127.0.0.1", 0))
    proxy = FaultProxy(listener, target)
    try:
        yield proxy
    finally:
        proxy.close()
