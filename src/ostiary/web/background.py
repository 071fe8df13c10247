"""Work beside the requests: a thread that repeats a task until the server stops."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from ostiary.errors import StoreUnavailable

# To whoever waits for a token, on a core they share.
NICENESS = 10
# A database that does not answer may keep a task for hours, but not the server from ending.
STOP_SECONDS = 5

log = structlog.get_logger(__name__)


def stop(all_work: Sequence["Repeated"]) -> None:
    """Together, not one after the other: where the database is silent, each waits for it."""
    until = time.monotonic() + STOP_SECONDS
    for each in all_work:
        each.ask_to_stop()
    for each in all_work:
        each.wait(until)


class Repeated:
    """Calls `task` every `pause_seconds`, and once more when it is stopped, so that nothing collected is lost."""

    def __init__(self, task: Callable[[], object], pause_seconds: float) -> None:
        self._task = task
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ostiary-background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def wait(self, until: float) -> None:
        """Until it has stopped, at most until that moment of `time.monotonic`."""
        self._thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        _give_way()
        while not self._stopping.wait(self._pause_seconds):
            self._attempt()
        self._attempt()

    def _attempt(self) -> None:
        try:
            self._task()
        except StoreUnavailable:
            log.warning("background_waits_for_database")
        except Exception:  # a task that fails once is tried again, and the log says why
            log.exception("background_failed")


def _give_way() -> None:
    # Only on Linux has a thread a priority of its own.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
