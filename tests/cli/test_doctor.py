"""`ostiary doctor`: what is loaded, where it stands, and what needs a hand."""

import datetime as dt
import sqlite3
from typing import Any

import pytest

from ostiary import clock
from ostiary.db import sqlite
from tests.cli.conftest import Run, strict_json
from tests.conftest import Database
from tests.redis_server import running_redis


def findings(said: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - whatever the command prints
    return {one["name"]: one for one in said["findings"]}


def test_finds_nothing_wrong_with_a_new_installation(run: Run, database: Database) -> None:
    said = strict_json(run("doctor", "--json"))
    found = findings(said)
    assert said["is_fine"]
    assert all(one["is_fine"] for one in found.values())
    of_the_database = {"sqlite", "permissions"} if database == "sqlite" else {"fsync", "synchronous_commit"}
    assert found.keys() >= {"versions", "schema", "clock", "signing keys", *of_the_database}


def test_says_the_same_to_people(run: Run) -> None:
    shown = run("doctor")
    assert shown.returncode == 0
    assert all(line.startswith("ok   ") for line in shown.stdout.splitlines())


def test_names_the_loaded_sqlite_and_its_race(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for needs_lock, words in ((True, "has the WAL-reset race"), (False, "is without the race")):
        monkeypatch.setattr(sqlite, "NEEDS_LOCK", needs_lock)
        found = findings(strict_json(run("doctor", "--json")))
        if database == "sqlite":
            assert found["sqlite"]["message"].startswith(f"{sqlite3.sqlite_version} {words}")
        else:
            assert "sqlite" not in found


def test_notices_a_wrong_clock(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    # A database of its own tells the time; a file can only tell that 2020 is over.
    wrong = (
        clock.now() + dt.timedelta(minutes=1) if database == "postgresql" else dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    monkeypatch.setattr(clock, "now", lambda: wrong)
    done = run("doctor")
    assert done.returncode == 1
    assert "LOOK clock: " in done.stdout


def test_notices_a_database_that_may_forget(run: Run, env: dict[str, str], database: Database) -> None:
    url = env["OSTIARY_DATABASE_URL"]
    if database == "postgresql":
        done = run("doctor", OSTIARY_DATABASE_URL=f"{url}&options=-csynchronous_commit%3Doff")
        assert done.returncode == 1
        assert "LOOK synchronous_commit: off" in done.stdout
    else:
        # There every commit is synced, whatever the operator sets.
        assert run("doctor", OSTIARY_DATABASE_URL=f"{url}").returncode == 0


def test_says_whether_redis_can_count(run: Run) -> None:
    found = findings(strict_json(run("doctor", "--json")))
    assert found["limits"]["message"] == "counted in memory, by each process for itself"
    with running_redis() as server:
        done = run("doctor", OSTIARY_LIMITS_URL=server.url)
        assert (done.returncode, "ok   limits: counted in Redis, by all" in done.stdout) == (0, True)
        server.kill()
        done = run("doctor", OSTIARY_LIMITS_URL=server.url)
        assert (done.returncode, "LOOK limits: Redis cannot count" in done.stdout) == (1, True)
    done = run("doctor", OSTIARY_LIMITS_URL="http://somewhere")
    assert done.returncode != 0
    assert "OSTIARY_LIMITS_URL: must look like redis://" in done.stderr
