"""`ostiary serve --workers N`: one door, several processes; they come, die and are replaced, and nobody notices."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.durability.installation import Installation, installed
from tests.live import START_SECONDS, STOP_SECONDS, LiveServer
from tests.postgres import Postgres
from tests.server.conftest import eventually
from tests.server.test_leaving import BUSY_SECONDS, CALLERS, UNLIMITED, Caller

pytestmark = pytest.mark.any_database

WORKERS = 2


@pytest.fixture
def place(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("workers"), **UNLIMITED) as made:
        made.live.stop()
        made.live.command = [sys.executable, "-m", "ostiary", "serve", "--workers", str(WORKERS)]
        made.live.start()
        eventually(lambda: made.live.last_words().count("worker_ready") == WORKERS, START_SECONDS)
        yield made


def workers_of(live: LiveServer) -> set[int]:
    """Processes by the supervisor's own word: the kernel's list of its children."""
    pid = live.process.pid
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def other_workers(live: LiveServer, gone: set[int]) -> set[int]:
    found = workers_of(live)
    return found if len(found) == WORKERS and not found & gone else set()


def callers_of(place: Installation) -> list[Caller]:
    pair = place.office.key(place.office.bank())
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    body = json.dumps(sent).encode()
    return [Caller(place.live.port, "POST", "/oauth/token", body) for _ in range(CALLERS)]


def test_replaces_its_workers_under_load(place: Installation, count: Callable[[int, int], int]) -> None:
    callers = callers_of(place)
    for caller in callers:
        caller.start()
    for _ in range(count(2, 100)):
        before = other_workers(place.live, set())
        time.sleep(BUSY_SECONDS)
        place.live.process.send_signal(signal.SIGHUP)
        eventually(partial(other_workers, place.live, before), START_SECONDS)
    place.live.process.send_signal(signal.SIGTERM)
    assert place.live.process.wait(STOP_SECONDS) == 0
    for caller in callers:
        caller.join(STOP_SECONDS)
    assert [each for caller in callers for each in caller.lost] == []
    assert all(caller.goodbyes for caller in callers)


def test_replaces_a_worker_that_dies(place: Installation) -> None:
    (victim, *_), before = sorted(workers_of(place.live)), workers_of(place.live)
    os.kill(victim, signal.SIGKILL)
    after = eventually(lambda: other_workers(place.live, {victim}), START_SECONDS)
    assert before - {victim} < after
    assert place.live.is_ready()
    assert f"pid={victim}" in place.live.last_words()


def test_leaves_no_worker_behind_when_it_is_killed(place: Installation) -> None:
    workers = workers_of(place.live)
    assert len(workers) == WORKERS
    place.live.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_tells_people_once_where_it_serves(place: Installation) -> None:
    # Alone at first, then the first of the workers.
    assert place.live.stderr_path.read_text().count(f"serves {place.live.base_url}") == 2


def test_ends_when_its_workers_cannot_start(place: Installation) -> None:
    place.live.stop()
    done = subprocess.run(
        place.live.command,
        env={**place.live.env, "OSTIARY_MASTER_KEY": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STOP_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "The master key does not fit" in done.stderr
    assert "Traceback" not in done.stderr
