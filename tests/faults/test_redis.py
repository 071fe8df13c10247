"""Redis down, slow, full, emptied, or holding something else: no request fails, none waits long, limits hold about."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary.settings import Limit, Settings
from tests.apps import app_on, client_of
from tests.durability.direct import Office, Pair, office
from tests.faults.proxy import NOTHING, Fault, FaultProxy, before
from tests.live import HOST
from tests.redis_server import RedisServer

LIMIT = Limit(20, 3600)
# What a request may take longer than it does otherwise: one look at a clock that others share is not exact.
PATIENT_SECONDS = 1.0


@pytest.fixture
def proxy(redis_server: RedisServer, tmp_path: Path) -> Iterator[FaultProxy]:
    path = redis_server.url.removeprefix("unix://").partition("?")[0]
    with before(Path(path), tmp_path / "redis.sock") as made:
        yield made


@pytest.fixture
def beside(settings: Settings) -> Iterator[Office]:
    with office(settings) as opened:
        yield opened


@pytest.fixture
def pair(beside: Office) -> Pair:
    return beside.key(beside.bank())


@pytest.fixture
def http(settings: Settings, proxy: FaultProxy, tmp_path: Path) -> Iterator[TestClient]:
    assert proxy.connections == 0
    url = SecretStr(f"unix://{tmp_path}/redis.sock?db=0")
    chosen = settings.model_copy(update={"limits_url": url, "limit_token_requests_per_key": LIMIT})
    with app_on(chosen) as made:
        yield client_of(made, chosen, HOST)


def ask(http: TestClient, pair: Pair) -> int:
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    return http.post("/oauth/token", json=sent).status_code


Harm = Callable[[RedisServer, FaultProxy], None]


def down(_: RedisServer, proxy: FaultProxy) -> None:
    proxy.set(Fault(resets=True))


def slow(_: RedisServer, proxy: FaultProxy) -> None:
    proxy.set(Fault(delay_seconds=5))


def silent(_: RedisServer, proxy: FaultProxy) -> None:
    proxy.set(Fault(stalls=True))


def cut(_: RedisServer, proxy: FaultProxy) -> None:
    proxy.set(Fault(cuts_after=3))


def full(redis: RedisServer, _: FaultProxy) -> None:
    redis.client.config_set("maxmemory", "1")


def emptied(redis: RedisServer, _: FaultProxy) -> None:
    redis.client.flushall()


def other_types(redis: RedisServer, _: FaultProxy) -> None:
    for name in redis.client.keys("*"):
        redis.client.delete(name)
        redis.client.set(name, "not a window")


@contextmanager
def harmed(redis: RedisServer, proxy: FaultProxy, harm: Harm) -> Iterator[None]:
    harm(redis, proxy)
    try:
        yield
    finally:
        proxy.set(NOTHING)
        redis.client.config_set("maxmemory", "0")


@pytest.mark.parametrize("harm", [down, slow, silent, cut, full, emptied, other_types])
def test_goes_on_and_keeps_limits_about(
    http: TestClient, pair: Pair, redis_server: RedisServer, proxy: FaultProxy, harm: Harm
) -> None:
    assert [ask(http, pair) for _ in range(5)] == [200] * 5
    with harmed(redis_server, proxy, harm):
        began = time.monotonic()
        statuses = [ask(http, pair) for _ in range(60)]
        took = time.monotonic() - began
    assert set(statuses) <= {200, 429}
    # The process counts alone, from nothing: at most twice what is allowed.
    assert 5 + statuses.count(200) <= 2 * LIMIT.requests
    assert statuses[-1] == 429, "there is no limit any more"
    assert took < PATIENT_SECONDS * 3
