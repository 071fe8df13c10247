"""`ostiary serve --workers N`: several processes behind one door, watched, and replaced without anybody noticing.

The listening socket belongs to this process, so nobody who knocks is refused while workers come and go. It loads
nothing of what they serve: after SIGHUP the next ones run whatever release is installed by then.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ostiary.activation import FIRST_FILE, READY, STOPPING, listening_socket, notify, worker_environment
from ostiary.errors import OstiaryError, in_plain_words
from ostiary.settings import load
from ostiary.web import log as logs

# Longer than a worker takes to end once it invites nobody any more; it finishes what it began, for at most ten seconds.
KILL_AFTER_SECONDS = 20
LOOK_SECONDS = 0.5
# Between one death and the next birth, doubled until one is ready.
SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
MOST_BYTES = 4096
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

log = structlog.get_logger(__name__)


@dataclass
class Worker:
    pid: int
    place: int
    is_ready: bool = False
    # When it has to be gone, once it was told to end.
    ends_by: float | None = None


@dataclass
class Supervisor:
    count: int
    door: socket.socket
    ear: socket.socket
    # How long a worker may take to end.
    patience_seconds: float
    workers: dict[int, Worker] = field(default_factory=dict)
    # Those of before a SIGHUP; each goes when a new one is ready.
    old: list[int] = field(default_factory=list)
    is_first: bool = True
    is_ending: bool = False
    # Whether all of the first ones were.
    was_ready: bool = False
    has_failed: bool = False
    pause_seconds: float = SHORTEST_PAUSE_SECONDS
    born_not_before: float = 0.0

    def work(self, heard: selectors.BaseSelector, wakes: socket.socket) -> bool:
        """Until it was told to end and all are gone; False when the first ones could not start."""
        while self.workers or not self.is_ending:
            self._fill_up()
            heard.select(LOOK_SECONDS)
            for number in _bytes_of(wakes):
                self._obey(signal.Signals(number))
            for message in _messages_of(self.ear):
                self._note(message)
            self._bury()
            self._hurry()
        return not self.has_failed

    def _fill_up(self) -> None:
        """As many as wanted, and one more while old ones are replaced: so nobody leaves before somebody has come."""
        if self.is_ending or time.monotonic() < self.born_not_before:
            return
        staying = [each for each in self.workers.values() if each.ends_by is None]
        fresh_on_their_way = [each for each in staying if not each.is_ready]
        wanted = self.count - len(staying)
        if self.old and not fresh_on_their_way:
            wanted = max(wanted, 1)
        for _ in range(wanted):
            try:
                place = self._free_place()
                pid = _start_worker(self.door, str(self.ear.getsockname()), place, is_first=self.is_first)
            except OSError as error:
                # The machine has no room for it now; those that serve go on.
                log.error("worker_not_started", reason=error.strerror)  # noqa: TRY400 - where it happened is plain
                self._pause()
                return
            self.workers[pid] = Worker(pid, place)
            self.is_first = False

    def _free_place(self) -> int:
        """That of one who is about to go, or has gone."""
        taken = {each.place for each in self.workers.values() if each.ends_by is None and each.pid not in self.old[:1]}
        return next(place for place in range(self.count + 1) if place not in taken)

    def _pause(self) -> None:
        self.born_not_before = time.monotonic() + self.pause_seconds
        self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)

    def _obey(self, sent: signal.Signals) -> None:
        if sent in {signal.SIGTERM, signal.SIGINT}:
            if not self.is_ending:
                notify(STOPPING)
            self.is_ending = True
            # Ours is one of several handles: the door shuts when the last worker lets go of it.
            self.door.close()
            for pid in self.workers:
                self._tell_to_end(pid)
        elif sent is signal.SIGHUP and not self.is_ending:
            log.info("workers_replaced", count=len(self.workers))
            staying = [pid for pid, each in self.workers.items() if each.ends_by is None]
            self.old = [pid for pid in staying if self.workers[pid].is_ready]
            # Nobody needs those that have only begun: what they loaded may be of before.
            for pid in set(staying) - set(self.old):
                self._tell_to_end(pid)

    def _note(self, message: str) -> None:
        lines = message.split("\n")
        pid = next((int(line[8:]) for line in lines if line.startswith("MAINPID=") and line[8:].isdecimal()), 0)
        worker = self.workers.get(pid)
        # One that was told to end meanwhile takes nobody's place.
        if worker is None or READY not in lines or worker.is_ready or worker.ends_by is not None:
            return
        worker.is_ready, self.pause_seconds = True, SHORTEST_PAUSE_SECONDS
        log.info("worker_ready", pid=pid)
        if self.old and pid not in self.old:
            self._tell_to_end(self.old.pop(0))
        if not self.was_ready and sum(each.is_ready for each in self.workers.values()) >= self.count:
            self.was_ready = True
            notify(READY)

    def _tell_to_end(self, pid: int) -> None:
        worker = self.workers.get(pid)
        if worker is not None and worker.ends_by is None:
            worker.ends_by = time.monotonic() + self.patience_seconds
            os.kill(pid, signal.SIGTERM)

    def _bury(self) -> None:
        for pid, code in _dead():
            worker = self.workers.pop(pid, None)
            if worker is None or worker.ends_by is not None:
                continue
            self.old = [each for each in self.old if each != pid]
            log.error("worker_died", pid=pid, code=code)
            if not self.was_ready:
                # The same will happen to the others: what is wrong stands in what it said.
                self.has_failed = True
                self._obey(signal.SIGTERM)
                return
            if not worker.is_ready:
                # A release that does not start replaces nobody.
                self.old.clear()
            self._pause()

    def _hurry(self) -> None:
        now = time.monotonic()
        for pid, worker in self.workers.items():
            if worker.ends_by is not None and now > worker.ends_by:
                log.error("worker_killed", pid=pid)
                os.kill(pid, signal.SIGKILL)


def _start_worker(door: socket.socket, ear: str, place: int, *, is_first: bool) -> int:
    """A fresh interpreter that finds the door open, as a service manager would start it."""
    supervisor = os.getpid()
    # Until the worker has forgotten our handlers, a signal to it would be heard by us, and by nobody else.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        raise
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid
    try:
        # Ctrl-C is for us: we tell the workers.
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.dup2(door.fileno(), FIRST_FILE)
        os.set_inheritable(FIRST_FILE, True)
        env = {**os.environ, **worker_environment(ear, supervisor, place, is_first=is_first)}
        os.execve(sys.executable, [sys.executable, "-P", "-m", "ostiary", "serve"], env)  # noqa: S606 - our own program
    finally:
        os._exit(1)


def _dead() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended[0], os.waitstatus_to_exitcode(ended[1])


def _bytes_of(wakes: socket.socket) -> bytes:
    try:
        return wakes.recv(MOST_BYTES)
    except BlockingIOError:
        return b""


def _messages_of(ear: socket.socket) -> Iterator[str]:
    with contextlib.suppress(BlockingIOError):
        while True:
            yield ear.recv(MOST_BYTES).decode(errors="replace")


def main() -> None:
    """`python -m ostiary.supervisor`, which `ostiary serve` becomes where there is to be more than one process."""
    try:
        is_served = supervise()
    except OstiaryError as error:
        sys.stderr.write(f"{in_plain_words(error)}\n")
        is_served = False
    sys.exit(0 if is_served else 1)


def supervise() -> bool:
    """Until somebody stops it; False when the workers could not start. Raises ConfigurationError."""
    chosen = load()
    logs.configure(chosen.log_level, chosen.log_format)
    with contextlib.ExitStack() as opened:
        door = opened.enter_context(listening_socket(chosen))
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-"))
        ear = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        ear.bind(str(Path(folder) / "ear"))
        wakes, wakened = socket.socketpair()
        opened.enter_context(wakes)
        opened.enter_context(wakened)
        heard = opened.enter_context(selectors.DefaultSelector())
        for each in (ear, wakes, wakened):
            each.setblocking(False)
        for each in (ear, wakes):
            heard.register(each, selectors.EVENT_READ)
        signal.set_wakeup_fd(wakened.fileno())
        for number in SIGNALS:
            # What arrives goes into the socket above; without a handler it would end us, or wake nobody.
            signal.signal(number, lambda *_: None)
        patience_seconds = chosen.leaving_seconds + KILL_AFTER_SECONDS
        return Supervisor(chosen.workers, door, ear, patience_seconds).work(heard, wakes)


if __name__ == "__main__":
    main()
