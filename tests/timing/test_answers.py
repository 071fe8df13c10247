"""Refusals that must not be told apart are the same to the byte and take equally long (checks: X-03, X-04)."""

import datetime as dt
import json
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications.credentials import Digester, new_client_id, new_secret
from ostiary.applications.models import Application
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.crypto import guids
from ostiary.customers import queries as customers
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.settings import Settings
from ostiary.web.schemas import read_as
from tests.oauth.desk import OPERATOR, Answer, Desk, Key
from tests.timing.pairs import Interval, timed_awaiting

pytestmark = pytest.mark.any_database

BOUND_SECONDS = 20e-6
# Found for certain, and still far below what anybody notices.
PLANTED_SECONDS = 200e-6

Asking = Callable[[], Coroutine[Any, Any, Answer]]
Pairs = Callable[[], int]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Otherwise most of the failures would be slowed, and only that would be timed."""
    return settings.model_copy(update={"limit_failed_token_requests_per_source": None})


@pytest.fixture
def pairs(count: Callable[[int, int], int], database: str) -> Pairs:
    """What is compared is our own code, so the slower database need not repeat the full count."""
    return lambda: count(500, 10_000) if database == "sqlite" else count(300, 2_000)


def with_pair(desk: Desk, client_id: str, secret: str) -> Asking:
    body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    headers = [(b"content-type", b"application/json")]
    return partial(desk.answer, "/oauth/token", headers, method="POST", body=json.dumps(body).encode())


def wrong(desk: Desk, key: Key, **state: dt.datetime) -> Asking:
    """A well-formed secret that is not this key's, which is in that state."""
    if state:
        with desk.store.writing() as db:
            db.execute(sa.update(Application).where(Application.client_id == key.client_id).values(state))
    return with_pair(desk, key.client_id, new_secret("sandbox"))


def another(desk: Desk) -> Key:
    return desk.key(desk.north.organization_guid, desk.north.bank_guid)


STATES: dict[str, Callable[[Desk], Asking]] = {
    "unknown client": lambda desk: with_pair(desk, new_client_id(), new_secret("sandbox")),
    "paused": lambda desk: wrong(desk, another(desk), paused_at=clock.now()),
    "revoked": lambda desk: wrong(desk, another(desk), revoked_at=clock.now()),
    "expired": lambda desk: wrong(desk, another(desk), expires_at=clock.now()),
}


def compared(desk: Desk, first: Asking, second: Asking, pairs: int) -> Interval:
    one, other = desk.runner.run(first()), desk.runner.run(second())
    assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)
    return desk.runner.run(timed_awaiting(first, second, pairs))


@pytest.mark.parametrize("state", STATES)
def test_says_nothing_of_a_key_to_whoever_lacks_its_secret(desk: Desk, pairs: Pairs, state: str) -> None:
    found = compared(desk, wrong(desk, another(desk)), STATES[state](desk), pairs())
    assert not found.is_beyond(BOUND_SECONDS), found


def test_would_find_what_takes_longer(desk: Desk, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    live = wrong(desk, another(desk))
    secret = json.loads(live.keywords["body"])["client_secret"]  # type: ignore[attr-defined]  # it is a partial
    matches = Digester.matches

    def slower(digester: Digester, sent: str, *known: object) -> bool:
        until = time.perf_counter() + (PLANTED_SECONDS if sent == secret else 0)
        while time.perf_counter() < until:
            pass
        return matches(digester, sent, *known)  # type: ignore[arg-type]

    monkeypatch.setattr(Digester, "matches", slower)
    found = compared(desk, live, STATES["paused"](desk), pairs())
    assert found.is_beyond(BOUND_SECONDS), found


def test_finds_nothing_between_two_of_the_same(desk: Desk, pairs: Pairs) -> None:
    found = compared(desk, wrong(desk, another(desk)), wrong(desk, another(desk)), pairs())
    assert not found.is_beyond(BOUND_SECONDS), found


def foreign_customer(desk: Desk) -> str:
    with desk.store.writing() as db:
        globex = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Globex")).guid
        east = banks.create(db, OPERATOR, globex, usual_bank("East", BankType.SANDBOX)).guid
    token = desk.token(desk.key(globex, east))
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]
    made = desk.request("/api/customers", headers, method="POST", body=b'{"type": "individual"}')
    return str(made.json["guid"])


def getting(desk: Desk, token: str, guid: str) -> Asking:
    return partial(desk.answer, f"/api/customers/{guid}", [(b"authorization", f"Bearer {token}".encode())])


def test_says_nothing_of_what_belongs_to_others(desk: Desk, pairs: Pairs) -> None:
    token = desk.token(desk.north)
    foreign, missing = getting(desk, token, foreign_customer(desk)), getting(desk, token, guids.new())
    found = compared(desk, foreign, missing, pairs() // 2)
    assert not found.is_beyond(BOUND_SECONDS), found


def test_would_find_a_look_at_what_belongs_to_others(desk: Desk, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault reads first and asks afterwards whose it is."""
    find = customers.find

    def read_then_ask(db: sa.orm.Session, actor: Actor, guid: str) -> object:
        if customers.by_guid(db, guid) is not None:
            time.sleep(PLANTED_SECONDS)
        return find(db, actor, guid)

    monkeypatch.setattr(customers, "find", read_then_ask)
    token = desk.token(desk.north)
    foreign, missing = getting(desk, token, foreign_customer(desk)), getting(desk, token, guids.new())
    found = compared(desk, foreign, missing, pairs() // 2)
    assert found.is_beyond(BOUND_SECONDS), found
