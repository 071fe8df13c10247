"""PostgreSQL behind a bad network: bounded waits, 503, never a wrong yes, and all well once it is back."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.banks.models import Bank
from ostiary.db import deadlines
from ostiary.db.store import POOL_OVERFLOW, POOL_SIZE
from ostiary.settings import Settings
from tests.apps import app_on, without_token_limits
from tests.durability.direct import Office, Pair, office
from tests.durability.test_kill import is_sound
from tests.faults.proxy import Fault, FaultProxy, before
from tests.people import add_person, open_login, user_token
from tests.postgres import Postgres
from tests.server.conftest import eventually

pytestmark = pytest.mark.only_postgresql

KEYS = "/api/bank_applications"
SOCKET = ".s.PGSQL.5432"
# The fast lane waits for two seconds, and for who is before it in the queue.
FAST_SECONDS = 6
# Once more than the deadline itself: it is looked for once a second.
SLOW_SECONDS = 4
DEADLINE_SECONDS = 1.5
BACK_SECONDS = 2


@pytest.fixture
def proxy(postgres: Postgres | None) -> Iterator[FaultProxy]:
    assert postgres is not None
    folder = Path(tempfile.mkdtemp(prefix="ostiary-pg-"))
    with before(postgres.folder / SOCKET, folder / SOCKET) as made:
        made.folder = folder  # type: ignore[attr-defined]  # where its socket stands
        yield made
    shutil.rmtree(folder)


@pytest.fixture
def beside(settings: Settings) -> Iterator[Office]:
    """The operator, whose way to the database is a good one."""
    with office(settings) as opened:
        yield opened


@pytest.fixture
def behind(
    settings: Settings, proxy: FaultProxy, postgres: Postgres | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ostiary]:
    """An application whose way to the database leads through the proxy."""
    assert postgres is not None
    monkeypatch.setattr(deadlines, "UNIT_SECONDS", DEADLINE_SECONDS)
    through = settings.store_url.replace(str(postgres.folder), str(proxy.folder))  # type: ignore[attr-defined]
    chosen = without_token_limits(settings.model_copy(update={"database_url": SecretStr(through)}))
    with app_on(chosen) as made:
        yield made


@pytest.fixture
def http(behind: Ostiary, settings: Settings) -> Iterator[TestClient]:
    with TestClient(behind, base_url=settings.issuer, client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def owner(behind: Ostiary, beside: Office) -> dict[str, str]:
    """The headers of somebody who may make and revoke keys in a bank."""
    store = beside.house.store
    bank = beside.bank("North", "Acme")
    with store.reading() as db:
        organization = str(db.scalar(sa.select(Bank.organization_guid).where(Bank.guid == bank)))
    person = add_person(store, "Alice", organization, "owner")
    return {"Authorization": f"Bearer {user_token(behind, open_login(store, person, bank_guid=bank))}"}


@pytest.fixture
def pair(beside: Office) -> Pair:
    return beside.key(beside.bank())


def ask(http: TestClient, pair: Pair) -> int:
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    answer = http.post("/oauth/token", json=sent)
    assert answer.status_code != 503 or "retry-after" in answer.headers
    assert ("access_token" in answer.json()) == (answer.status_code == 200)
    return answer.status_code


def bearer(http: TestClient, pair: Pair) -> dict[str, str]:
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    return {"Authorization": f"Bearer {http.post('/oauth/token', json=sent).json()['access_token']}"}


def new_customer(http: TestClient, headers: dict[str, str]) -> int:
    answer = http.post("/api/customers", json={"type": "business"}, headers=headers)
    assert answer.status_code == 201 or "retry-after" in answer.headers
    return answer.status_code


def is_back(http: TestClient, pair: Pair, headers: dict[str, str]) -> None:
    """Within two seconds, for tokens as well as for the API."""
    until = time.monotonic() + BACK_SECONDS
    while ask(http, pair) != 200 or new_customer(http, headers) != 201:
        assert time.monotonic() < until, "it is not back"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "fault", [Fault(stalls=True), Fault(resets=True), Fault(cuts_after=0)], ids=["stalls", "resets", "is half open"]
)
def test_answers_503_in_time_and_comes_back(http: TestClient, pair: Pair, proxy: FaultProxy, fault: Fault) -> None:
    headers = bearer(http, pair)
    assert new_customer(http, headers) == 201
    with proxy.doing(fault):
        began = time.monotonic()
        assert ask(http, pair) == 503
        assert time.monotonic() - began < FAST_SECONDS
        began = time.monotonic()
        assert http.get("/api/customers", headers=headers).status_code == 503
        assert time.monotonic() - began < FAST_SECONDS
    is_back(http, pair, headers)


def test_ends_a_write_that_the_database_does_not_answer(http: TestClient, pair: Pair, proxy: FaultProxy) -> None:
    """The fast lane lets it through before the link dies; then the slow one waits, and not for ever."""
    headers = bearer(http, pair)
    assert new_customer(http, headers) == 201
    with proxy.doing(Fault(delay_seconds=DEADLINE_SECONDS * 2)):
        began = time.monotonic()
        assert new_customer(http, headers) == 503
        assert time.monotonic() - began < FAST_SECONDS + SLOW_SECONDS
    is_back(http, pair, headers)


def test_works_on_when_the_database_is_slow(http: TestClient, pair: Pair, proxy: FaultProxy) -> None:
    headers = bearer(http, pair)
    with proxy.doing(Fault(delay_seconds=0.05)):
        assert ask(http, pair) == 200
        assert new_customer(http, headers) == 201


def test_keeps_no_connection_that_a_fault_has_left(http: TestClient, pair: Pair, proxy: FaultProxy) -> None:
    headers = bearer(http, pair)
    for fault in (Fault(stalls=True), Fault(resets=True), Fault(cuts_after=0)):
        with proxy.doing(fault), ThreadPoolExecutor(16) as crowd:
            statuses = set(crowd.map(lambda _: http.get("/api/customers", headers=headers).status_code, range(16)))
            assert statuses == {503}
        is_back(http, pair, headers)
    until = time.monotonic() + BACK_SECONDS
    while proxy.open_connections > POOL_SIZE + 2:
        assert time.monotonic() < until, f"{proxy.open_connections} connections are left"
        time.sleep(0.05)


def test_answers_503_when_every_connection_is_taken(http: TestClient, pair: Pair, beside: Office) -> None:
    """Somebody holds the table; whoever wants to write waits, and those behind them are told to come back."""
    headers = bearer(http, pair)
    store = beside.house.store
    with store.writing() as db, ThreadPoolExecutor(POOL_SIZE + POOL_OVERFLOW) as crowd:
        db.execute(sa.text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        statuses = list(crowd.map(lambda _: new_customer(http, headers), range(POOL_SIZE + POOL_OVERFLOW)))
        assert set(statuses) == {503}
        assert time.monotonic() - began < FAST_SECONDS + SLOW_SECONDS * 2
    is_back(http, pair, headers)
    is_sound(store)


def counted(office: Office, table: str) -> int:
    with office.house.store.reading() as db:
        return int(db.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - our own names


def test_says_that_it_does_not_know_when_the_answer_to_a_commit_is_lost(
    http: TestClient, pair: Pair, proxy: FaultProxy, beside: Office
) -> None:
    headers = bearer(http, pair)
    before_it = counted(beside, "customers")
    with proxy.doing(Fault(cuts_answer_to=b"COMMIT")):
        answer = http.post("/api/customers", json={"type": "business"}, headers=headers)
        assert proxy.cuts
    assert answer.status_code == 503
    assert "look before you repeat it" in answer.json()["error_message"]
    assert counted(beside, "customers") == before_it + 1
    is_sound(beside.house.store)
    is_back(http, pair, headers)


def test_shows_no_secret_whose_commit_was_not_confirmed(
    http: TestClient, owner: dict[str, str], proxy: FaultProxy, beside: Office
) -> None:
    """Asked for once more with the same Idempotency-Key there is one key, and the secret that is shown works."""
    headers = {**owner, "Idempotency-Key": "once-and-no-more"}
    sent = {"name": "Lost", "expires_at": "2027-01-01T00:00:00Z"}
    with proxy.doing(Fault(cuts_answer_to=b"COMMIT")):
        lost = http.post(KEYS, json=sent, headers=headers)
    assert lost.status_code == 503
    assert "ost_sandbox_" not in lost.text
    # Until the database has noticed that nobody is there any more, the first request counts as being worked on.
    found = lost
    while found.status_code != 201:
        assert found.status_code in {409, 503}, found.text
        time.sleep(0.1)
        found = http.post(KEYS, json=sent, headers=headers)
    assert counted(beside, "applications") == 1
    assert ask(http, Pair(found.json()["client_id"], found.json()["secret"])) == 200
    is_sound(beside.house.store)


@pytest.mark.parametrize(("word", "status"), [(b"UPDATE applications", 200), (b"COMMIT", 401)])
def test_never_says_that_it_has_revoked_what_it_has_not(
    http: TestClient, owner: dict[str, str], proxy: FaultProxy, beside: Office, word: bytes, status: int
) -> None:
    """Cut before the commit nothing has changed, cut after it the key is revoked; the answer is 503 both times."""
    made = http.post(KEYS, json={"name": "Victim", "expires_at": "2027-01-01T00:00:00Z"}, headers=owner).json()
    victim = Pair(made["client_id"], made["secret"])
    with proxy.doing(Fault(cuts_answer_to=word)):
        assert http.delete(f"{KEYS}/{victim.client_id}", headers=owner).status_code == 503
    assert proxy.cuts
    assert ask(http, victim) == status
    assert http.delete(f"{KEYS}/{victim.client_id}", headers=owner).status_code == (204 if status == 200 else 404)
    assert ask(http, victim) == 401
    is_sound(beside.house.store)


def test_does_not_take_a_commit_for_done_that_no_standby_has(
    http: TestClient, owner: dict[str, str], beside: Office, settings: Settings, postgres: Postgres | None
) -> None:
    """Whoever waits for the standby is told to go on: here it is committed, and a failover would lose it."""
    assert postgres is not None
    database = str(sa.make_url(settings.store_url).database)
    sent = {"name": "Unconfirmed", "expires_at": "2027-01-01T00:00:00Z"}
    with postgres.connect() as operator, ThreadPoolExecutor(1) as one, waiting_for_a_standby(operator):
        asked = one.submit(http.post, KEYS, json=sent, headers=owner)
        eventually(lambda: cancelled(operator, database))
        answer = asked.result()
    assert answer.status_code == 503
    assert "look before you repeat it" in answer.json()["error_message"]
    assert "ost_sandbox_" not in answer.text
    assert counted(beside, "applications") == 1


@contextmanager
def waiting_for_a_standby(operator: "psycopg.Connection[tuple[object, ...]]") -> Iterator[None]:
    """One that never comes."""
    operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    operator.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
        operator.execute("SELECT pg_reload_conf()")


def cancelled(operator: "psycopg.Connection[tuple[object, ...]]", database: str) -> bool:
    """Whether somebody waited there, and was told to go on."""
    waits = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'SyncRep'"
    return operator.execute(waits, [database]).fetchone() is not None
