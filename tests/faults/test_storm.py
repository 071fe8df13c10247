"""Thousands of callers who hang up at any byte, on pools of two connections: nobody gets what is somebody else's."""

import asyncio
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.durability.direct import Office, Pair, office
from tests.durability.installation import settings_of
from tests.live import HOST, LiveServer, environment, free_port
from tests.redis_server import RedisServer

pytestmark = pytest.mark.any_database

HERE = Path(__file__).resolve().parents[2]
TENANTS = 50
CALLERS = 40
CANARY = re.compile(rb"canary-(\d+)-")
ANSWER_BYTES = 1200
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Tenant:
    """Whose bank, keys and customers all have its canary in their names."""

    number: int
    pair: Pair
    token: str


@pytest.fixture
def live(tmp_path: Path, database_url: str, redis_server: RedisServer) -> Iterator[LiveServer]:
    env = environment(tmp_path / "data", database_url) | {
        "OSTIARY_LIMITS_URL": redis_server.url,
        "OSTIARY_LOG_LEVEL": "debug",
        "PYTHONPATH": str(HERE),
    }
    # What follows the program's name is what is started otherwise; it starts the same, with small pools.
    server = LiveServer(env, free_port(), [sys.executable, "-m", "tests.faults.small_pools"])
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def beside(live: LiveServer) -> Iterator[Office]:
    with office(settings_of(live)) as opened:
        yield opened


def enter(office: Office, live: LiveServer, number: int) -> Tenant:
    name = f"canary-{number}-"
    pair = office.key(office.bank(name, name), name)
    token = str(asyncio.run(whole(live.port, token_request(pair)))["access_token"])
    for label in range(2):
        body = {"type": "individual", "labels": [f"{name}{label}"]}
        asyncio.run(whole(live.port, request("POST", "/api/customers", token, body)))
    return Tenant(number, pair, token)


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    raw = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(raw)}\r\n"
    head += "Content-Type: application/json\r\n" if raw else ""
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    return head.encode() + b"\r\n" + raw


def token_request(pair: Pair) -> bytes:
    body = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    return request("POST", "/oauth/token", body=body)


async def whole(port: int, sent: bytes) -> dict[str, object]:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")), head
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert found
    body = await reader.readexactly(int(found[1]))
    writer.close()
    answer: dict[str, object] = json.loads(body)
    return answer


def possible(tenant: Tenant) -> list[bytes]:
    own = f"canary-{tenant.number}-"
    return [
        token_request(tenant.pair),
        request("GET", "/api/customers", tenant.token),
        request("GET", "/api/banks", tenant.token),
        request("GET", "/api/bank_applications", tenant.token),
        request("GET", f"/api/customers/{own}", tenant.token),
        request("POST", "/api/customers", tenant.token, {"type": "individual", "labels": [own]}),
    ]


async def hang_up(port: int, tenant: Tenant, chosen: random.Random) -> bytes:
    """What was read of one or two answers before the caller left; it may leave before it has asked completely."""
    sent = b"".join(chosen.choices(possible(tenant), k=chosen.randrange(1, 3)))
    reader, writer = await asyncio.open_connection(HOST, port)
    read = b""
    try:
        if chosen.randrange(4) == 0:
            writer.write(sent[: chosen.randrange(len(sent))])
            await asyncio.sleep(chosen.random() * 0.01)
        else:
            writer.write(sent)
            wanted = chosen.randrange(ANSWER_BYTES)
            while len(read) < wanted:
                async with asyncio.timeout(WAIT_SECONDS):
                    piece = await reader.read(wanted - len(read))
                if not piece:
                    break
                read += piece
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return read


async def storm(port: int, tenants: list[Tenant], times: int) -> tuple[list[str], int]:
    """Every canary that somebody else heard, and how many of one's own."""
    chosen = random.Random(3)  # noqa: S311 - no secret
    left, foreign, own = iter(range(times)), list[str](), 0

    async def call() -> None:
        nonlocal own
        for _ in left:
            tenant = chosen.choice(tenants)
            for found in CANARY.findall(await hang_up(port, tenant, chosen)):
                if int(found) == tenant.number:
                    own += 1
                else:
                    foreign.append(f"{tenant.number} heard of {int(found)}")

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return foreign, own


def test_gives_nobody_what_is_somebody_elses(
    live: LiveServer, beside: Office, count: Callable[[int, int], int]
) -> None:
    times = count(250, 5000)
    tenants = [enter(beside, live, number) for number in range(min(TENANTS, times // 20))]
    foreign, own = asyncio.run(storm(live.port, tenants, times))
    assert foreign == []
    assert own, "nobody heard of themselves, so nothing was looked at"
    # Nothing is left over of all that: everybody is served, and hears of themselves alone.
    for tenant in tenants:
        answer = asyncio.run(whole(live.port, request("GET", "/api/customers", tenant.token)))
        labels = {label for each in answer["objects"] for label in each["labels"]}  # type: ignore[attr-defined]
        assert {CANARY.findall(label.encode())[0] for label in labels} == {b"%d" % tenant.number}
    said = live.stderr_path.read_text()
    assert "Traceback" not in said
    assert "canary-" not in said
