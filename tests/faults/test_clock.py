"""A clock that jumps while the server runs: nothing comes back to life, nothing new is made, and it says so."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.servers import serving
from tests.durability.direct import Pair, office
from tests.durability.installation import Installation, settings_of
from tests.durability.wire import Caller
from tests.postgres import Postgres
from tests.server.conftest import eventually

DAY = 86_400
LIFE_SECONDS = 3
NOTICED_SECONDS = 5


class FakedClock:
    """The clock of one process, which is read from a file; lengths of time are the machine's own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, text: str) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(text)
        draft.rename(self._file)

    def jump(self, seconds: float) -> None:
        self.set(f"{seconds:+f}")

    @property
    def env(self) -> dict[str, str]:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


@contextmanager
def served(postgres: Postgres | None, folder: Path, faked: FakedClock, **settings: str) -> Iterator[Installation]:
    with serving(postgres, folder, **faked.env, **settings) as live, office(settings_of(live)) as opened:
        yield Installation(live, opened)
        faked.jump(0)


Place = tuple[Installation, FakedClock]


@pytest.fixture(scope="module")
def place(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("clock")
    faked = FakedClock(folder / "clock")
    with served(postgres, folder, faked, OSTIARY_LIMIT_FAILED_TOKEN_REQUESTS_PER_SOURCE="5/600") as made:
        yield made, faked


@pytest.fixture
def faked(place: Place, caller: Caller) -> Iterator[FakedClock]:
    """The clock of the server, which is right before and after a test."""
    yield place[1]
    place[1].jump(0)
    eventually(lambda: readiness(caller) == (200, []), NOTICED_SECONDS)


@pytest.fixture
def caller(place: Place) -> Iterator[Caller]:
    with Caller(place[0].live.port) as opened:
        yield opened


@pytest.fixture
def pair(place: Place) -> Pair:
    return place[0].office.key(place[0].office.bank())


def readiness(caller: Caller) -> tuple[int, list[str]]:
    """The status, and the names of what failed."""
    answer = caller.ask("GET", "/health/ready")
    return answer.status, [each["name"] for each in answer.body["checks"] if each["status"] != "ok"]


def is_closed(caller: Caller, pair: Pair) -> Callable[[], bool]:
    return lambda: caller.token(pair).status == 503 and readiness(caller) == (503, ["clock"])


def is_open(caller: Caller, pair: Pair) -> Callable[[], bool]:
    return lambda: caller.token(pair).status == 200 and readiness(caller) == (200, [])


@pytest.mark.any_database
@pytest.mark.parametrize("seconds", [DAY, 61.5, -61.5, -DAY])
def test_makes_nothing_while_the_clock_is_wrong_and_goes_on_when_it_is_right(
    caller: Caller, pair: Pair, faked: FakedClock, seconds: float
) -> None:
    token = caller.token(pair).body["access_token"]
    faked.jump(seconds)
    eventually(is_closed(caller, pair), NOTICED_SECONDS)
    refused = caller.token(pair)
    assert "clock" in refused.body["error_description"]
    assert refused.headers["retry-after"]
    # What was issued counts as long as it would have: time goes on as it was.
    assert caller.customers(token).status == 200
    assert caller.new_customer(token).status == 503
    faked.jump(0)
    eventually(is_open(caller, pair), NOTICED_SECONDS)
    assert caller.new_customer(token).status == 201


@pytest.mark.any_database
def test_never_takes_an_expired_token_for_a_live_one(postgres: Postgres | None, tmp_path: Path) -> None:
    """Not even at the first request after the clock went back."""
    faked = FakedClock(tmp_path / "clock")
    with (
        served(postgres, tmp_path, faked, OSTIARY_TOKEN_SECONDS_SANDBOX=str(LIFE_SECONDS)) as made,
        Caller(made.live.port) as caller,
    ):
        token = caller.token(made.office.key(made.office.bank())).body["access_token"]
        assert caller.customers(token).status == 200
        time.sleep(LIFE_SECONDS)
        for seconds in (-65, -3600, -DAY):
            faked.jump(seconds)
            for _ in range(12):
                assert caller.customers(token).message == "Signature has expired"
                time.sleep(0.1)
            faked.jump(0)


@pytest.mark.any_database
@pytest.mark.parametrize("seconds", [9, -9, 50, -50])
def test_goes_on_when_the_clock_is_set_a_little(caller: Caller, pair: Pair, faked: FakedClock, seconds: float) -> None:
    assert caller.token(pair).status == 200
    faked.jump(seconds)
    time.sleep(1.5)
    fresh = caller.token(pair)
    assert fresh.status == 200
    assert caller.customers(fresh.body["access_token"]).status == 200
    assert readiness(caller) == (200, [])


@pytest.mark.any_database
def test_notices_a_clock_that_stands_still(caller: Caller, pair: Pair, faked: FakedClock) -> None:
    """For a minute it could still be right."""
    faked.set(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 59)))
    eventually(is_closed(caller, pair), NOTICED_SECONDS)


@pytest.mark.any_database
def test_frees_nobody_from_a_limit(caller: Caller, pair: Pair, faked: FakedClock) -> None:
    """Last of those that share a server: nobody there may be wrong again for ten minutes."""
    wrong = Pair(pair.client_id, pair.secret[:-1] + ("x" if pair.secret[-1] != "x" else "y"))
    statuses = [caller.token(wrong).status for _ in range(7)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    for seconds in (DAY, -DAY, 0):
        faked.jump(seconds)
        assert caller.token(wrong).status == 429
        time.sleep(1.2)
        assert caller.token(wrong).status == 429


@pytest.mark.only_postgresql
@pytest.mark.parametrize("seconds", [90, -90])
def test_is_not_ready_beside_a_database_whose_clock_is_another(
    postgres: Postgres | None, tmp_path: Path, seconds: float
) -> None:
    """From its start: here a clock can be compared with one that others share."""
    faked = FakedClock(tmp_path / "clock")
    faked.jump(seconds)
    with served(postgres, tmp_path, faked) as made, Caller(made.live.port) as caller:
        pair = made.office.key(made.office.bank())
        eventually(is_closed(caller, pair), NOTICED_SECONDS)
        faked.jump(0)
        eventually(is_open(caller, pair), NOTICED_SECONDS)


AHEAD = "import time; print(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))"


def test_fakes_the_clock_and_no_lengths_of_time(tmp_path: Path) -> None:
    faked = FakedClock(tmp_path / "clock")
    faked.jump(DAY)
    there, here = (
        float(subprocess.run([sys.executable, "-c", AHEAD], env=env, capture_output=True, check=True).stdout)
        for env in (os.environ | faked.env, os.environ)
    )
    assert abs(there - here - DAY) < 1
