"""Work beside the requests is done again and again, and never keeps the server from ending."""

import os
import sys
import threading
import time

import pytest

from ostiary.errors import StoreUnavailable
from ostiary.web import background
from ostiary.web.background import Repeated


def test_goes_on_after_a_task_has_failed() -> None:
    attempts: list[Exception] = []

    def fail() -> None:
        attempts.append([StoreUnavailable("away"), ValueError("wrong")][len(attempts) % 2])
        raise attempts[-1]

    work = Repeated(fail, 0.001)
    work.start()
    deadline = time.monotonic() + 10
    while len(attempts) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    background.stop([work])


def test_does_it_once_more_before_the_end() -> None:
    done: list[None] = []
    work = Repeated(lambda: done.append(None), 3600)
    work.start()
    background.stop([work])
    assert done == [None]


def test_ends_although_no_task_ever_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_SECONDS", 0.5)
    released = threading.Event()
    work = [Repeated(released.wait, 0.001) for _ in range(20)]
    for each in work:
        each.start()
    stopping = threading.Thread(target=background.stop, args=[work])
    stopping.start()
    stopping.join(5)
    is_over = not stopping.is_alive()
    released.set()
    stopping.join()
    assert is_over


def test_gives_way_to_whoever_waits_for_an_answer() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []
    work = Repeated(lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())), 3600)
    work.start()
    background.stop([work])
    # Elsewhere a priority belongs to the whole process, which must keep its own.
    assert found == [ours + (background.NICENESS if sys.platform == "linux" else 0)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours
