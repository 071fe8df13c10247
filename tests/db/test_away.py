"""The database is away: 503 in the shape of each endpoint, and everything works again without a restart."""

import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.applications.models import ApplicationUsage
from ostiary.db import fast_reads
from ostiary.db.store import PATIENCE, Store
from ostiary.errors import StoreUnavailable
from ostiary.settings import Settings
from tests.durability.direct import Pair, office
from tests.live import LiveServer
from tests.oauth.desk import own_token
from tests.postgres import Postgres
from tests.server.conftest import eventually

RECOVER_SECONDS = 20


@pytest.fixture(autouse=True)
def _always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests need not wait for the second in which a moved file is noticed."""
    monkeypatch.setattr(fast_reads, "LOOK_AGAIN_SECONDS", 0.0)


@pytest.fixture
def pair(http: TestClient, settings: Settings) -> Iterator[Pair]:
    assert not http.is_closed
    with office(settings) as opened:
        yield opened.key(opened.bank())


def ask_token(http: TestClient, pair: Pair) -> tuple[int, dict[str, str], dict[str, object]]:
    body = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    answer = http.post("/oauth/token", json=body)
    return answer.status_code, dict(answer.headers), answer.json()


def refuses_for_now(http: TestClient, pair: Pair, token: str) -> None:
    status, headers, body = ask_token(http, pair)
    assert (status, body["error"], headers["retry-after"]) == (503, "temporarily_unavailable", "1")
    assert headers["cache-control"] == "no-store"
    for method, path in (("GET", "/api/customers"), ("POST", "/api/customers")):
        answer = http.request(method, path, json={"type": "individual"}, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json().keys() == {"status", "error_message", "message_code"}
        assert answer.json()["message_code"] == "service_unavailable"
    answer = http.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert [each["name"] for each in answer.json()["checks"] if each["status"] == "failed"] == ["database"]
    assert http.get("/health/live").status_code == 200


def works_again(http: TestClient, pair: Pair, token: str) -> None:
    deadline = time.monotonic() + RECOVER_SECONDS
    while ask_token(http, pair)[0] != 200:
        assert time.monotonic() < deadline, "the token endpoint did not recover"
        time.sleep(0.05)
    answer = http.post("/api/customers", json={"type": "individual"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    assert http.get("/health/ready").status_code == 200


@contextmanager
def taken_away(settings: Settings, postgres: Postgres | None) -> Iterator[None]:
    """Nobody can reach the database: its file is elsewhere, or its server lets nobody in."""
    if postgres is None:
        folder = settings.store_url.removeprefix("sqlite:///").removesuffix("/ostiary.db")
        shutil.move(f"{folder}/ostiary.db", f"{folder}/elsewhere.db")
        yield
        shutil.move(f"{folder}/elsewhere.db", f"{folder}/ostiary.db")
        return
    name = sa.make_url(settings.store_url).database
    with postgres.connect() as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        terminate(postgres, str(name))
        yield
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def restore_a_copy(path: Path) -> None:
    """What a restore does: the file of that name, with its log, is another one from now on."""
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(elsewhere / "copy.db")) as new:
        old.backup(new)
        for each in path.parent.glob(f"{path.name}*"):
            each.rename(elsewhere / each.name)
    (elsewhere / "copy.db").rename(path)


def terminate(postgres: Postgres, name: str) -> None:
    with postgres.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def test_waits_for_a_database_that_is_away(
    http: TestClient, pair: Pair, settings: Settings, postgres: Postgres | None
) -> None:
    token = str(ask_token(http, pair)[2]["access_token"])
    with taken_away(settings, postgres):
        refuses_for_now(http, pair, token)
    works_again(http, pair, token)


def test_serves_on_when_its_connections_are_cut(
    http: TestClient, pair: Pair, settings: Settings, postgres: Postgres | None
) -> None:
    """On PostgreSQL by its administrator; on SQLite the file is put back as a copy, as after a restore."""
    token = str(ask_token(http, pair)[2]["access_token"])
    if postgres is None:
        restore_a_copy(Path(settings.store_url.removeprefix("sqlite:///")))
    else:
        terminate(postgres, str(sa.make_url(settings.store_url).database))
    assert ask_token(http, pair)[0] == 200
    works_again(http, pair, token)


def test_writes_usage_once_the_database_is_back(
    http: TestClient, pair: Pair, settings: Settings, postgres: Postgres | None, ostiary: Ostiary
) -> None:
    for _ in range(3):
        assert ask_token(http, pair)[0] == 200
    with taken_away(settings, postgres):
        time.sleep(1.2)  # the second in which usage is due to be written
    deadline = time.monotonic() + RECOVER_SECONDS
    while counted(ostiary) < 3:
        assert time.monotonic() < deadline, "what was counted is lost"
        time.sleep(0.05)


def counted(ostiary: Ostiary) -> int:
    with ostiary.store.reading() as db:
        return db.scalar(sa.select(sa.func.sum(ApplicationUsage.count))) or 0


def test_asks_nobody_about_a_token_of_a_strange_key(
    http: TestClient, pair: Pair, settings: Settings, postgres: Postgres | None, ostiary: Ostiary
) -> None:
    """A stranger who names signing keys that never were does not make the server wait for its database."""
    strange = own_token(ostiary, {}, kid="nobody")
    assert ask_token(http, pair)[0] == 200
    with taken_away(settings, postgres):
        time.sleep(1.2)  # once, a second without a look at the keys was enough to look again
        answer = http.get("/api/banks", headers={"Authorization": f"Bearer {strange}"})
    assert (answer.status_code, answer.json()["error_message"]) == (401, "Signature verification raised")


def test_logs_one_line_for_every_refusal_of_an_outage(
    live: LiveServer, settings: Settings, postgres: Postgres | None
) -> None:
    made = live.cli("init", "--organization", "Acme", "--bank", "North")
    body = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    with httpx2.Client(base_url=live.base_url) as client:
        token = client.post("/oauth/token", json=body).json()["access_token"]
        with taken_away(settings, postgres):
            eventually(lambda: client.post("/oauth/token", json=body).status_code == 503)
            refused = [client.get("/api/banks", headers={"Authorization": f"Bearer {token}"}) for _ in range(10)]
    assert [answer.status_code for answer in refused] == [503] * 10
    logged = live.stderr_path.read_text().splitlines()
    assert sum("store_unavailable" in line for line in logged) > 10
    assert "Traceback" not in "".join(logged)


@pytest.mark.parametrize(("usual_seconds", "query"), [(2, ""), (3600, "?connect_timeout=2")])
def test_waits_seconds_for_a_database_that_says_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, usual_seconds: int, query: str
) -> None:
    monkeypatch.setitem(PATIENCE, "connect_timeout", usual_seconds)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = SecretStr(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/nothing{query}")
        store = Store(settings.model_copy(update={"database_url": url}))
        began = time.monotonic()
        with pytest.raises(StoreUnavailable), store.reading() as db:
            db.connection()
    assert time.monotonic() - began < RECOVER_SECONDS
