"""Limits of real servers: guesses from many addresses, and two processes that count in one Redis."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from ostiary.applications.credentials import checksum
from tests.durability.direct import Pair
from tests.durability.installation import Installation, installed
from tests.live import HOST, free_port, start_server
from tests.postgres import Postgres
from tests.redis_server import RedisServer, running_redis

pytestmark = pytest.mark.any_database

KEY_LIMIT, FAILURES = 60, 10
SETTINGS = {
    "OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY": f"{KEY_LIMIT}/1800",
    "OSTIARY_LIMIT_FAILED_TOKEN_REQUESTS_PER_SOURCE": f"{FAILURES}/1800",
}


class Heard(NamedTuple):
    status: int
    retry_after: str | None


@contextmanager
def asking(port: int, source: str = HOST) -> Iterator[Callable[[Pair], Heard]]:
    """Asks for tokens over one connection, from an address of the loopback network."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60, source_address=(source, 0))

    def ask(pair: Pair) -> Heard:
        sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
        connection.request("POST", "/oauth/token", json.dumps(sent), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return Heard(answer.status, answer.headers["retry-after"])

    try:
        yield ask
    finally:
        connection.close()


def heard(port: int, pair: Pair, times: int, source: str = HOST) -> list[Heard]:
    with asking(port, source) as ask:
        return [ask(pair) for _ in range(times)]


def statuses(port: int, pair: Pair, times: int, source: str = HOST) -> list[int]:
    return [each.status for each in heard(port, pair, times, source)]


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def wrong(pair: Pair) -> Pair:
    body = pair.secret[:-7] + ("a" if pair.secret[-7] != "a" else "b")
    return Pair(pair.client_id, body + checksum(body))


@pytest.fixture(scope="module")
def alone(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("alone"), **SETTINGS) as made:
        yield made


def test_stops_guessing_from_many_addresses_while_the_right_key_works(
    alone: Installation, count: Callable[[int, int], int]
) -> None:
    pair = alone.office.key(alone.office.bank())
    port, sources = alone.live.port, count(20, 250)

    def guess(number: int) -> list[int]:
        return statuses(port, wrong(pair), 2 * FAILURES, f"127.1.0.{number + 1}")

    with ThreadPoolExecutor(8) as crowd:
        guesses = crowd.map(guess, range(sources))
        # From an address of a guesser as well as from one of its own.
        assert statuses(port, pair, 20, "127.1.0.1") + statuses(port, pair, 20, "127.2.0.1") == [200] * 40
        for found in guesses:
            assert found == [401] * FAILURES + [429] * FAILURES


def test_is_exact_to_one_request_for_a_crowd_that_asks_one_process(alone: Installation) -> None:
    pair = alone.office.key(alone.office.bank())
    port = alone.live.port
    with ThreadPoolExecutor(8) as crowd:
        found = [each for part in crowd.map(lambda _: heard(port, pair, KEY_LIMIT // 4), range(8)) for each in part]
    assert [each.status for each in found].count(200) == KEY_LIMIT
    assert {each.status for each in found} == {200, 429}
    assert all(1700 < int(each.retry_after or 0) <= 1800 for each in found if each.status == 429)


class Together(NamedTuple):
    redis: RedisServer
    installation: Installation
    ports: tuple[int, int]


@pytest.fixture
def together(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    """Two server processes on one database and one Redis."""
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis())
        shared = {**SETTINGS, "OSTIARY_LIMITS_URL": redis.url}
        first = stack.enter_context(installed(postgres, tmp_path_factory.mktemp("together"), **shared))
        second = stack.enter_context(start_server(first.live.env, free_port()))
        yield Together(redis, first, (first.live.port, second.port))


def of_both(together: Together, pair: Pair, times: int) -> list[int]:
    """Four callers, two of each server, so many requests each, all at once."""
    with ThreadPoolExecutor(4) as crowd:
        parts = crowd.map(lambda number: statuses(together.ports[number % 2], pair, times), range(4))
        return [each for part in parts for each in part]


def test_is_exact_over_two_processes_with_redis(together: Together, count: Callable[[int, int], int]) -> None:
    bank = together.installation.office.bank()
    for _ in range(count(2, 20)):
        pair = together.installation.office.key(bank)
        found = of_both(together, pair, KEY_LIMIT)
        assert found.count(200) == KEY_LIMIT
        assert set(found) == {200, 429}
    # Failures too: ten, wherever they are sent.
    assert of_both(together, wrong(pair), FAILURES).count(401) == FAILURES
    assert of_both(together, together.installation.office.key(bank), 5) == [200] * 20


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_answers_everybody_while_redis_is_away(together: Together, trouble: str) -> None:
    office = together.installation.office
    bank = office.bank()
    assert set(of_both(together, office.key(bank), 3)) == {200}
    if trouble == "killed":
        together.redis.kill()
    else:
        together.redis.freeze()
    pair = office.key(bank)
    found = of_both(together, pair, KEY_LIMIT)
    # Each process counts for itself: no more than twice as many, and never all of them.
    assert found.count(200) == 2 * KEY_LIMIT
    assert set(found) == {200, 429}
    assert set(of_both(together, wrong(pair), FAILURES)) == {401, 429}
    if trouble == "killed":
        together.redis.start()
    else:
        together.redis.thaw()
    log = together.installation.live.stderr_path
    eventually(lambda: "limits_redis_back" in log.read_text())
    assert log.read_text().count("limits_redis_away") == 1
