"""One writer at a time across processes, for SQLite versions whose WAL can lose writes when it is reset.

A connection that starts writing while another resets the log can overwrite frames it should have kept. Fixed in 3.51.3,
3.50.7 and 3.44.6; on anything else every write and every checkpoint happens under this lock (DESIGN §7).
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostiary.errors import StoreUnavailable

WAIT_SECONDS = 20.0
PAUSE_SECONDS = 0.001
LONGEST_PAUSE_SECONDS = 0.02

Version = tuple[int, int, int]

FIXED: dict[tuple[int, int], int] = {(3, 44): 6, (3, 50): 7, (3, 51): 3}


def has_reset_race(version: Version) -> bool:
    """Whether this SQLite has the race; the fixed branches are named, everything newer has the fix."""
    branch = version[:2]
    if branch > max(FIXED):
        return False
    return branch not in FIXED or version[2] < FIXED[branch]


class WalLock:
    """A lock on a file beside the database: held by one thread of one process, freed by the system when it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises StoreUnavailable after 20 seconds, before anything was done."""
        if not self._threads.acquire(timeout=WAIT_SECONDS):
            raise StoreUnavailable("another thread has been writing for too long")
        try:
            if self._depth == 0:
                self._descriptor = self._lock_file()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._descriptor)
        finally:
            self._threads.release()

    def _lock_file(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"the lock {self._path} cannot be opened: {error.strerror}") from error
        deadline = time.monotonic() + WAIT_SECONDS
        pause = PAUSE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise StoreUnavailable("another process has been writing for too long") from None
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                return descriptor
