"""The power goes at any moment: what was acknowledged is there afterwards, and the database is sound."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults import power
from tests.faults.power import Disk, Said, Step, Sync, Write
from tests.faults.tools import program
from tests.recovery.site import DATABASE, Site, new_site

HERE = Path(__file__).resolve().parents[2]
CALLS = "openat,close,pwrite64,write,fsync,fdatasync,ftruncate,unlink"
# More than a page with its frame.
LONGEST_WRITE = "70000"
WAIT_SECONDS = 120

# What was said, and of which key.
Promise = tuple[str, str]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "data")


@pytest.fixture
def recorded(site: Site, tmp_path: Path) -> Callable[[str, int], tuple[Disk, list[Step]]]:
    """The disk as it was, and what a program that makes so many keys did to it."""

    def record(synchronous: str, keys: int) -> tuple[Disk, list[Step]]:
        with site.office() as opened:
            bank = opened.bank()
        before = Disk({str(path): bytearray(path.read_bytes()) for path in site.data.iterdir()})
        log, out = tmp_path / "calls", tmp_path / "out"
        strace = [program("strace"), "-f", "-e", f"trace={CALLS}", "-xx", "-s", LONGEST_WRITE, "-o", str(log)]
        with out.open("wb") as file:
            made = subprocess.Popen(
                [*strace, sys.executable, "-m", "tests.faults.key_life", bank, synchronous],
                cwd=tmp_path,
                env={
                    **os.environ,
                    "OSTIARY_DATA_DIR": str(site.data),
                    "PYTHONPATH": str(HERE),
                    "PYTHONUNBUFFERED": "1",
                },
                stdout=file,
                start_new_session=True,
            )
            until = time.monotonic() + WAIT_SECONDS
            while out.read_bytes().count(b"made") < keys:
                assert made.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            os.killpg(made.pid, signal.SIGKILL)
            made.wait()
        return before, power.steps(log, site.data)

    return record


def said_by(steps: Sequence[Step]) -> tuple[list[int], list[Promise]]:
    """After which step each promise was made, and what it was."""
    said = [(number, json.loads(step.text)) for number, step in enumerate(steps, start=1) if isinstance(step, Said)]
    return [number for number, _ in said], [next(iter(told.items())) for _, told in said]


def broken(disk: Disk, steps: Sequence[Step], cuts: int, folder: Path, seed: int) -> Iterator[int]:
    """Of each cut, how many promises do not hold; a database that is not sound fails at once."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    places, promises = said_by(steps)
    at = 0
    for cut in sorted(chosen.randrange(len(steps) + 1) for _ in range(cuts)):
        for step in steps[at:cut]:
            disk.do(step)
        at = cut
        holding = what_holds(disk.after_the_cut(chosen), folder)
        yield len(set(promises[: bisect(places, cut)]) - holding)


def what_holds(files: dict[str, bytearray], folder: Path) -> set[Promise]:
    folder.mkdir(exist_ok=True)
    for name in (DATABASE, f"{DATABASE}-wal"):
        (folder / name).unlink(missing_ok=True)
    for path, data in files.items():
        if path.endswith((DATABASE, f"{DATABASE}-wal")):
            (folder / Path(path).name).write_bytes(data)
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = db.execute("SELECT client_id, revoked_at IS NOT NULL FROM applications").fetchall()
    made = {("made", client_id) for client_id, _ in rows}
    return made | {("revoked", client_id) for client_id, is_revoked in rows if is_revoked}


def test_loses_nothing_that_was_shown(
    recorded: Callable[[str, int], tuple[Disk, list[Step]]], tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    cuts = count(60, 1000)
    disk, steps = recorded("FULL", 150)
    assert sum(isinstance(step, Said) for step in steps) > 200
    assert sum(isinstance(step, Sync) for step in steps) > 200
    assert sum(isinstance(step, Write) for step in steps) > 200
    assert list(broken(disk, steps, cuts, tmp_path / "after", 1)) == [0] * cuts


def test_finds_what_a_database_loses_that_does_not_sync(
    recorded: Callable[[str, int], tuple[Disk, list[Step]]], tmp_path: Path
) -> None:
    disk, steps = recorded("NORMAL", 150)
    assert sum(broken(disk, steps, 60, tmp_path / "after", 1)) > 0
