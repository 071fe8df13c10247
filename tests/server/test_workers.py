"""`ostiary serve --workers N`: one door, several processes; they come, die and are replaced, and nobody notices."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.durability.installation import Installation, installed
from tests.live import START_SECONDS, STOP_SECONDS, LiveServer, free_port
from tests.postgres import Postgres
from tests.server.conftest import eventually
from tests.server.test_leaving import BUSY_SECONDS, CALLERS, UNLIMITED, Caller

pytestmark = pytest.mark.any_database

WORKERS = 2
READY = re.compile(r"worker_ready\s+pid=(\d+)")


@pytest.fixture(scope="module")
def place(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("workers")
    with installed(postgres, folder, OSTIARY_WORKERS=str(WORKERS), **UNLIMITED) as made:
        yield made


@pytest.fixture
def running(place: Installation) -> LiveServer:
    """All workers are ready, whatever the test before did to them."""
    if place.live.process.poll() is not None:
        place.live.start()
    eventually(lambda: other_workers(place.live, set()), START_SECONDS)
    return place.live


def workers_of(live: LiveServer) -> set[int]:
    """Processes by the supervisor's own word: the kernel's list of its children."""
    pid = live.process.pid
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def other_workers(live: LiveServer, gone: set[int]) -> set[int]:
    """All of them, once none of those is left and each has said that it is ready."""
    said = {int(pid) for pid in READY.findall(live.stderr_path.read_text())}
    found = workers_of(live) & said
    return found if len(found) == WORKERS == len(workers_of(live)) and not found & gone else set()


def callers_of(place: Installation) -> list[Caller]:
    pair = place.office.key(place.office.bank())
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    body = json.dumps(sent).encode()
    return [Caller(place.live.port, "POST", "/oauth/token", body) for _ in range(CALLERS)]


@contextmanager
def calling(running: LiveServer, callers: list[Caller]) -> Iterator[None]:
    """They ask until the server has ended, well."""
    for caller in callers:
        caller.start()
    yield
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(STOP_SECONDS) == 0
    for caller in callers:
        caller.join(STOP_SECONDS)


def test_tells_people_once_where_it_serves(running: LiveServer) -> None:
    assert running.stderr_path.read_text().count(f"serves {running.base_url}") == 1


def test_replaces_its_workers_under_load(
    running: LiveServer, place: Installation, count: Callable[[int, int], int]
) -> None:
    callers = callers_of(place)
    with calling(running, callers):
        for _ in range(count(1, 15)):
            before = other_workers(running, set())
            time.sleep(BUSY_SECONDS)
            running.process.send_signal(signal.SIGHUP)
            eventually(partial(other_workers, running, before), START_SECONDS)
    assert [each for caller in callers for each in caller.lost] == []
    assert all(caller.goodbyes for caller in callers)


def test_replaces_those_that_were_on_their_way_as_well(running: LiveServer) -> None:
    before = workers_of(running)
    for _ in range(3):
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: workers_of(running) - before)
    after = eventually(lambda: other_workers(running, before), START_SECONDS)
    # And so it stays.
    time.sleep(BUSY_SECONDS)
    assert workers_of(running) == after


def test_replaces_a_worker_that_dies(running: LiveServer) -> None:
    before = workers_of(running)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    after = eventually(lambda: other_workers(running, {victim}), START_SECONDS)
    assert before - {victim} < after
    assert running.is_ready()
    assert f"pid={victim}" in running.last_words()


def test_loses_no_more_than_what_a_dying_worker_had_begun(
    running: LiveServer, place: Installation, count: Callable[[int, int], int]
) -> None:
    callers = callers_of(place)
    deaths = count(1, 15)
    with calling(running, callers):
        for _ in range(deaths):
            answered = [caller.answers for caller in callers]
            victim = min(other_workers(running, set()))
            os.kill(victim, signal.SIGKILL)
            eventually(partial(other_workers, running, {victim}), START_SECONDS)
            eventually(partial(all_go_on, callers, answered))
    assert all(len(caller.lost) <= deaths for caller in callers)
    # Nobody was told that something went wrong: the connection was gone.
    broken = ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "IncompleteRead")
    assert [each for caller in callers for each in caller.lost if not each.startswith(broken)] == []


def all_go_on(callers: list[Caller], answered: list[int]) -> bool:
    return all(caller.answers > before for caller, before in zip(callers, answered, strict=True))


def test_leaves_no_worker_behind_when_it_is_killed(running: LiveServer) -> None:
    workers = workers_of(running)
    assert len(workers) == WORKERS
    running.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_ends_when_its_workers_cannot_start(place: Installation) -> None:
    wrong = {"OSTIARY_PORT": str(free_port()), "OSTIARY_MASTER_KEY": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="}
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "serve", "--workers", str(WORKERS)],
        env={**place.live.env, **wrong},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STOP_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "The master key does not fit" in done.stderr
    assert "Traceback" not in done.stderr
