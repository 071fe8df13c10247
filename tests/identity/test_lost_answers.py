"""Creates whose answers get lost, on a live server: one key and one secret that works, whatever is cut or killed."""

import http.client
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx2
import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.web.models import IdempotencyKey
from tests.cutting import cutting, exchange, hang_up
from tests.durability.installation import Installation, installed
from tests.identity.keys_of_people import ORGANIZATION_KEYS, new_key
from tests.identity.live_people import token_of
from tests.live import HOST, LiveServer, free_port, start_server
from tests.postgres import Postgres

SECRET = re.compile(rb'"secret": ?"(ost_org_[0-9A-Za-z]{49})"')
WAIT_SECONDS = 60


class Program:
    """Somebody's program: it sends the same body each time, with the Idempotency-Key it is told."""

    def __init__(self, token: str) -> None:
        self.body = json.dumps(new_key()).encode()
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, server: LiveServer, value: str) -> httpx2.Response:
        headers = {**self.headers, "Idempotency-Key": value}
        url = server.base_url + ORGANIZATION_KEYS
        return httpx2.post(url, content=self.body, headers=headers, timeout=WAIT_SECONDS)

    def request(self, value: str) -> bytes:
        """As bytes, in one piece."""
        headers = {**self.headers, "Idempotency-Key": value, "Host": HOST, "Connection": "close"}
        lines = [f"POST {ORGANIZATION_KEYS} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@pytest.fixture(scope="module")
def made(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("lost")) as installation:
        yield installation


@pytest.fixture
def program(made: Installation) -> Program:
    """Of a new organization's owner."""
    bank = made.office.bank(organization="Acme")
    with made.office.house.store.reading() as db:
        organization = db.scalar(sa.text("SELECT organization_guid FROM banks WHERE guid = :guid"), {"guid": bank})
    return Program(token_of(made, f"Alice{bank}", str(organization)))


def live_secrets(made: Installation, client_ids: set[str]) -> Counter[str]:
    """How many secrets each of these keys has."""
    rows = (
        sa.select(Application.client_id)
        .join(ApplicationSecret, ApplicationSecret.application_guid == Application.guid)
        .where(Application.client_id.in_(client_ids))
    )
    with made.office.house.store.reading() as db:
        return Counter(db.scalars(rows))


def keys(made: Installation) -> set[str]:
    with made.office.house.store.reading() as db:
        return set(db.scalars(sa.select(Application.client_id)))


def token_status(made: Installation, client_id: str, secret: str) -> int:
    sent = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return httpx2.post(made.live.base_url + "/oauth/token", json=sent, timeout=WAIT_SECONDS).status_code


def wait_out(made: Installation) -> None:
    """As if the answers had long been sent."""
    with made.office.house.store.writing() as db:
        db.execute(sa.update(IdempotencyKey).values(held_until=clock.now()))


def patient(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """As a program does that obeys Retry-After."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (answer := ask()).status_code == 409 and "retry-after" in answer.headers:
        assert time.monotonic() < deadline
        time.sleep(int(answer.headers["retry-after"]))
    return answer


@pytest.mark.counts_once
def test_leaves_one_secret_wherever_the_answer_is_cut(
    made: Installation, program: Program, count: Callable[[int, int], int]
) -> None:
    """Nobody is left with a key whose secret they never saw, and nobody with two that work."""
    whole = exchange(made.live.port, program.request("whole"))
    found = SECRET.search(whole)
    assert found, whole
    every = max(1, len(whole) // count(50, len(whole)))
    # Around the secret byte by byte, so that it is cut in two, and shown without being the whole answer.
    ends = {found.start(1), found.end(1) - 1, found.end(1), found.end(1) + 1, len(whole) - 1}
    offsets = sorted({*range(0, len(whole), every), *ends})
    before, cut = keys(made), {"hung up": b""}
    with cutting(made.live.port) as cutter:
        for offset in offsets:
            value, cutter.after = f"cut-{offset}", offset
            cut[value] = exchange(cutter.port, program.request(value))
            assert len(cut[value]) == offset
    hang_up(made.live.port, program.request("hung up"))
    # The server makes the key even for somebody who has hung up.
    deadline = time.monotonic() + WAIT_SECONDS
    while len(keys(made) - before) < len(cut):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wait_out(made)
    for value, answered in cut.items():
        again = patient(lambda value=value: program.ask(made.live, value))  # type: ignore[misc]
        assert again.status_code == 201, again.text
        shown = again.json()
        assert token_status(made, shown["client_id"], shown["secret"]) == 200
        if seen := SECRET.search(answered):
            assert token_status(made, shown["client_id"], seen[1].decode()) == 401
    new = keys(made) - before
    assert len(new) == len(cut)
    assert live_secrets(made, new) == Counter(dict.fromkeys(new, 1))


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    json: Any


def at_once(ports: Sequence[int], request: bytes) -> list[Reply]:
    """Sent on connections that stand already, all in one moment."""
    barrier = threading.Barrier(len(ports))

    def go(port: int) -> Reply:
        with socket.create_connection((HOST, port), WAIT_SECONDS) as connection:
            barrier.wait()
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, headers, json.loads(response.read()))

    with ThreadPoolExecutor(len(ports)) as pool:
        return list(pool.map(go, ports))


@pytest.fixture(scope="module")
def both(made: Installation) -> Iterator[list[LiveServer]]:
    """Two servers on one database."""
    with ExitStack() as stack:
        yield [made.live, stack.enter_context(start_server(made.live.env, free_port()))]


@pytest.mark.parametrize("nodes", [1, 2])
def test_makes_one_key_and_shows_one_secret_to_a_hundred_at_once(
    made: Installation, both: list[LiveServer], program: Program, nodes: int, count: Callable[[int, int], int]
) -> None:
    """Of many that are the same and come in one moment one is answered; the others are told to ask again."""
    for turn in range(count(1, 20)):
        before = keys(made)
        ports = [both[number % nodes].port for number in range(100)]
        answers = at_once(ports, program.request(f"at once {nodes} {turn}"))
        assert Counter(answer.status for answer in answers) == {201: 1, 409: 99}
        (first,) = (answer.json for answer in answers if answer.status == 201)
        refused = [answer for answer in answers if answer.status == 409]
        assert {answer.json["message_code"] for answer in refused} == {"request_in_progress"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert keys(made) - before == {first["client_id"]}
        assert live_secrets(made, {first["client_id"]}) == {first["client_id"]: 1}
        assert token_status(made, first["client_id"], first["secret"]) == 200


def test_starts_again_after_a_server_died_over_a_request(
    made: Installation, program: Program, count: Callable[[int, int], int]
) -> None:
    """A first request that died blocks nobody, and what it had made already is made no second time."""
    for turn in range(count(1, 30)):
        before = keys(made)
        shown: dict[str, Any] = {}

        def ask(number: int, turn: int = turn, shown: dict[str, Any] = shown) -> None:
            try:
                answer = program.ask(made.live, f"killed {turn} {number}")
            except httpx2.HTTPError:
                return
            shown[f"killed {turn} {number}"] = answer.json()

        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(ask, number) for number in range(40)]
            while len(shown) < 3 + turn % 5:
                time.sleep(0.001)
            made.live.kill()
            for each in asked:
                each.result()
        made.live.start()
        wait_out(made)
        again = {}
        for number in range(40):
            value = f"killed {turn} {number}"
            answer = patient(lambda value=value: program.ask(made.live, value))  # type: ignore[misc]
            assert answer.status_code == 201, answer.text
            again[value] = answer.json()
            if value in shown:
                assert again[value]["client_id"] == shown[value]["client_id"]
                assert token_status(made, shown[value]["client_id"], shown[value]["secret"]) == 401
        new = keys(made) - before
        assert new == {pair["client_id"] for pair in again.values()}
        assert live_secrets(made, new) == Counter(dict.fromkeys(new, 1))
        assert len(new) == 40
