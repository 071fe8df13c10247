"""Run as a program, with mounts of its own: a server whose data folder is a small disk, which is filled.

`reads` and `journal` are what it can be asked to try; it ends with an AssertionError when something does not hold.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ostiary.errors import StoreUnavailable
from ostiary.settings import Settings
from tests.durability.direct import Office, Pair, office
from tests.durability.test_kill import is_sound
from tests.durability.wire import Answer, Caller
from tests.faults.tools import program
from tests.live import LiveServer, free_port
from tests.recovery.site import JOURNAL

DISK = "8m"
PIECE = bytes(4096)
HEALED_SECONDS = 5
MOST_CUSTOMERS = 5000


@dataclass(frozen=True)
class Scene:
    live: LiveServer
    disk: Path
    office: Office
    caller: Caller


@contextmanager
def scene(disk: Path) -> Iterator[Scene]:
    subprocess.run([program("mount"), "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", disk], check=True)
    env = os.environ | {"OSTIARY_DATA_DIR": str(disk), "OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY": "off"}
    live = LiveServer(env, free_port())
    try:
        with office(Settings(data_dir=disk)) as beside, Caller(live.port) as caller:
            yield Scene(live, disk, beside, caller)
    finally:
        live.stop()


def fill(disk: Path) -> Path:
    """All that is left, to the last block."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(PIECE)
    assert shutil.disk_usage(disk).free == 0
    return filler


def until_full(caller: Caller, token: str) -> tuple[list[str], Answer]:
    """Customers, until the log needs a block that is not there; what was answered then."""
    made: list[str] = []
    while len(made) < MOST_CUSTOMERS:
        answer = caller.new_customer(token)
        if answer.status != 201:
            return made, answer
        made.append(answer.body["guid"])
    raise AssertionError("the disk does not get full")


def reads(at: Scene) -> None:
    """They go on; writes are refused as what they are, and come back by themselves."""
    pair = at.office.key(at.office.bank())
    token = at.caller.token(pair).body["access_token"]
    filler = fill(at.disk)
    made, refused = until_full(at.caller, token)
    assert (refused.status, refused.body["message_code"]) == (503, "service_unavailable")
    assert refused.headers["retry-after"]
    assert [at.caller.token(pair).status for _ in range(20)] == [200] * 20
    assert at.caller.customers(token).status == 200
    filler.unlink()
    until = time.monotonic() + HEALED_SECONDS
    while at.caller.new_customer(token).status != 201:
        assert time.monotonic() < until, "there is room again, and it does not notice"
        time.sleep(0.1)
    is_sound(at.office.house.store)
    with at.office.house.store.reading() as db:
        stored = set(db.connection().exec_driver_sql("SELECT guid FROM customers").scalars())
    assert set(made) <= stored
    assert at.live.process.poll() is None


def journal(at: Scene) -> None:
    """Nothing is taken away that has no room in it, and nothing is said to be that is not."""
    bank = at.office.bank()
    pairs: list[Pair] = [at.office.key(bank) for _ in range(40)]
    whole = (at.disk / JOURNAL).stat().st_size
    filler = fill(at.disk)
    done, refused = [], []
    for pair in pairs:
        try:
            at.office.revoke(pair.client_id)
        except StoreUnavailable:
            refused.append(pair)
        else:
            done.append(pair)
    assert refused
    assert {at.caller.token(pair).status for pair in done} <= {401}
    assert {at.caller.token(pair).status for pair in refused} == {200}
    filler.unlink()
    for pair in refused:
        at.office.revoke(pair.client_id)
    assert {at.caller.token(pair).status for pair in pairs} == {401}
    assert (at.disk / JOURNAL).stat().st_size > whole
    is_sound(at.office.house.store)


TRIALS: dict[str, Callable[[Scene], None]] = {"reads": reads, "journal": journal}

if __name__ == "__main__":
    with scene(Path(sys.argv[2])) as opened:
        TRIALS[sys.argv[1]](opened)
