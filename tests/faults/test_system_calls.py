"""Killed before each system call of making a key, and of revoking one: shown means it works, said means it holds."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.durability.direct import Office, Pair
from tests.durability.test_kill import is_sound
from tests.faults.tools import program
from tests.recovery.site import Site, ask, new_site

HERE = Path(__file__).resolve().parents[2]
CALL = re.compile(r"^(?:\d+ +)?([a-z0-9_]+)\(")
WAIT_SECONDS = 60
KILLED = -signal.SIGKILL


class Stepper:
    """Children that do one thing each, under strace."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder
        self.shown_path = folder / "shown"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.steps"],
            cwd=folder,
            env={**os.environ, "OSTIARY_DATA_DIR": str(site.data), "PYTHONPATH": str(HERE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, action: str, subject: str, *options: str) -> int:
        """Its exit code; strace is there before it begins."""
        assert self._process.stdin
        assert self._process.stdout
        self.shown_path.unlink(missing_ok=True)
        self._process.stdin.write(f"{action} {subject} {self.shown_path}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self._wait_until(lambda: state(pid) == "T")
        tracer = subprocess.Popen(
            [program("strace"), "-p", str(pid), "-o", self._folder / "calls", *options],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert tracer.stderr
        assert "attached" in tracer.stderr.readline()
        os.kill(pid, signal.SIGCONT)
        code = int(self._process.stdout.readline())
        tracer.wait(WAIT_SECONDS)
        tracer.stderr.close()
        return code

    @property
    def shown(self) -> dict[str, str]:
        """What reached whoever asked for it; empty when nothing did, or not all of it."""
        try:
            found: dict[str, str] = json.loads(self.shown_path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def calls(self) -> list[str]:
        return [found[1] for line in (self._folder / "calls").read_text().splitlines() if (found := CALL.match(line))]

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(WAIT_SECONDS)
        self._process.stdout.close()

    @staticmethod
    def _wait_until(look: Callable[[], bool]) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while not look():
            assert time.monotonic() < until
            time.sleep(0.001)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "data")


@pytest.fixture
def stepper(site: Site, tmp_path: Path) -> Iterator[Stepper]:
    with site.office():
        pass
    opened = Stepper(site, tmp_path)
    yield opened
    opened.close()


def moments(calls: list[str], wanted: int) -> list[tuple[str, int]]:
    """Every call with its number among those of its name, or as many of them as are wanted, evenly."""
    seen: Counter[str] = Counter()
    found = []
    for name in calls:
        seen[name] += 1
        found.append((name, seen[name]))
    step = max(1, len(found) // wanted)
    return found[::step]


def kills(stepper: Stepper, action: str, subject: str, moment: tuple[str, int]) -> int:
    name, number = moment
    return stepper.run(action, subject, "-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}")


def test_never_shows_a_secret_that_does_not_work(
    site: Site, stepper: Stepper, count: Callable[[int, int], int]
) -> None:
    with site.office() as opened, site.served() as client:
        bank = opened.bank()
        assert stepper.run("create", bank) == 0
        works(client, stepper)
        calls = stepper.calls()
        assert len(calls) > 30, "that cannot be all of it"
        killed = 0
        for moment in moments(calls, count(12, 10_000)):
            killed += kills(stepper, "create", bank, moment) == KILLED
            if stepper.shown:
                works(client, stepper)
            is_sound(opened.house.store)
        assert killed > len(moments(calls, count(12, 10_000))) * 0.8
        assert stepper.run("create", bank) == 0
        works(client, stepper)


def works(client: TestClient, stepper: Stepper) -> None:
    shown = stepper.shown
    assert ask(client, Pair(shown["client_id"], shown["client_secret"]))[0] == 200


def test_never_says_revoked_of_a_key_that_works(site: Site, stepper: Stepper, count: Callable[[int, int], int]) -> None:
    with site.office() as opened, site.served() as client:
        bank = opened.bank()
        calls = calls_of_revoke(opened, stepper, bank)
        killed = kept = 0
        for moment in moments(calls, count(12, 10_000)):
            pair = opened.key(bank)
            killed += kills(stepper, "revoke", pair.client_id, moment) == KILLED
            status = ask(client, pair)[0]
            assert status == 401 or not stepper.shown
            kept += status == 200
            is_sound(opened.house.store)
            # Whoever was not told does it again.
            opened.revoke(pair.client_id)
            assert ask(client, pair)[0] == 401
        assert killed
        assert kept, "it was never killed before it was done"


def calls_of_revoke(opened: Office, stepper: Stepper, bank: str) -> list[str]:
    pair = opened.key(bank)
    assert stepper.run("revoke", pair.client_id) == 0
    assert stepper.shown == {"revoked": pair.client_id}
    return stepper.calls()
