"""Work beside the requests: a thread that repeats a task until the server stops."""

import os
import sys
import threading
from collections.abc import Callable

import structlog

from ostiary.errors import StoreUnavailable

# To whoever waits for a token, on a core they share.
NICENESS = 10
# A database that does not answer may keep a task for hours, but not the server from ending.
STOP_SECONDS = 5

log = structlog.get_logger(__name__)


class Repeated:
    """Calls `task` every `pause_seconds`, and once more when it is stopped, so that nothing collected is lost."""

    def __init__(self, task: Callable[[], object], pause_seconds: float) -> None:
        self._task = task
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ostiary-background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

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
