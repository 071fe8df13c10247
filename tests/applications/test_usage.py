"""How much keys are used: by key, and in sums by bank that no page has to add up."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications import usage as module
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage
from ostiary.applications.usage import KEPT, Usage
from ostiary.db.store import Store
from ostiary.settings import Settings
from tests.durability.direct import Office, office

HOUR = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Office]:
    with office(settings) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _half_past_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: HOUR + dt.timedelta(minutes=30))


def key_of(store: Store, client_id: str) -> Application:
    with store.reading() as db:
        return db.scalars(sa.select(Application).where(Application.client_id == client_id)).one()


def sums(store: Store, *, of_all: bool = False) -> list[tuple[str, str, dt.datetime, str, int]]:
    """By bank, or of all keys of an organization together."""
    rows = sa.select(OrganizationUsage).order_by(OrganizationUsage.bank_guid, OrganizationUsage.outcome)
    rows = rows.where((OrganizationUsage.bank_guid == EVERYWHERE) == of_all)
    with store.reading() as db:
        return [(row.organization_guid, row.bank_guid, row.hour, row.outcome, row.count) for row in db.scalars(rows)]


def test_sums_the_keys_of_a_bank(desk: Office) -> None:
    store, usage = desk.house.store, Usage()
    bank = desk.bank()
    first, second = (key_of(store, desk.key(bank).client_id) for _ in range(2))
    usage.used("token_issued", [(first.guid, "192.0.2.1")])
    usage.used("token_issued", [(second.guid, "192.0.2.2")])
    usage.count(second.guid, "paused")
    usage.write(store)
    usage.used("token_issued", [(first.guid, "192.0.2.1")])
    usage.write(store)
    owner = first.organization_guid
    assert sums(store) == [(owner, bank, HOUR, "paused", 1), (owner, bank, HOUR, "token_issued", 3)]
    columns = (ApplicationUsage.outcome, sa.func.sum(ApplicationUsage.count))
    with store.reading() as db:
        by_outcome = db.execute(sa.select(*columns).group_by(columns[0]).order_by(columns[0])).all()
    assert by_outcome == [("paused", 1), ("token_issued", 3)]


def test_keeps_banks_and_the_organizations_own_keys_apart(desk: Office) -> None:
    store, usage = desk.house.store, Usage()
    north, elsewhere = desk.bank("North"), desk.bank("East", organization="Globex")
    keys = [key_of(store, desk.key(bank).client_id) for bank in (north, elsewhere)]
    own = key_of(store, desk.organization_key(keys[0].organization_guid).client_id)
    for key in (*keys, own):
        usage.count(key.guid, "address_not_allowed")
    usage.write(store)
    assert {(owner, bank) for owner, bank, *_ in sums(store)} == {
        (keys[0].organization_guid, north),
        (keys[1].organization_guid, elsewhere),
        (own.organization_guid, ""),
    }


def test_sums_all_keys_of_an_organization(desk: Office) -> None:
    store, usage = desk.house.store, Usage()
    north, elsewhere = desk.bank("North"), desk.bank("East", organization="Globex")
    keys = [key_of(store, desk.key(bank).client_id) for bank in (north, elsewhere)]
    acme, globex = (key.organization_guid for key in keys)
    keys.append(key_of(store, desk.organization_key(acme).client_id))
    for _ in range(2):
        for key in keys:
            usage.used("token_issued", [(key.guid, "192.0.2.1")])
        usage.count(keys[0].guid, "paused")
        usage.write(store)
    assert set(sums(store, of_all=True)) == {
        (acme, EVERYWHERE, HOUR, "paused", 2),
        (acme, EVERYWHERE, HOUR, "token_issued", 4),
        (globex, EVERYWHERE, HOUR, "token_issued", 2),
    }


def test_counts_strangers_for_no_organization(desk: Office) -> None:
    usage = Usage()
    usage.count("", "invalid_client")
    usage.write(desk.house.store)
    assert sums(desk.house.store) == []
    with desk.house.store.reading() as db:
        assert db.scalars(sa.select(ApplicationUsage.application_guid)).all() == [""]


def test_forgets_figures_after_five_weeks(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usage = desk.house.store, Usage()
    key = key_of(store, desk.key(desk.bank()).client_id)
    usage.count(key.guid, "paused")
    usage.write(store)
    later = HOUR + KEPT + dt.timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    usage.count(key.guid, "revoked")
    usage.write(store)
    assert [(hour, outcome) for _, _, hour, outcome, _ in sums(store)] == [(later, "revoked")]
    with store.reading() as db:
        assert db.scalars(sa.select(ApplicationUsage.outcome)).all() == ["revoked"]


def test_counts_again_what_could_not_be_written(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usage = desk.house.store, Usage()
    key = key_of(store, desk.key(desk.bank()).client_id)
    usage.used("token_issued", [(key.guid, "192.0.2.1")])
    assert usage.totals() == {"token_issued": 1}
    with monkeypatch.context() as patched:
        broken = module._statements(is_sqlite=store.is_sqlite)._replace(by_owner=None)  # type: ignore[arg-type]  # the fault
        patched.setattr(module, "_statements", lambda **_: broken)
        with pytest.raises(sa.exc.ArgumentError):
            usage.write(store)
    assert usage.totals() == {"token_issued": 1}
    # What was not written is still news.
    usage.write(store)
    assert [count for *_, count in sums(store)] == [1]
    assert key_of(store, key.client_id).last_used_from == "192.0.2.1"


def test_marks_a_key_when_that_is_news_and_else_once_a_minute(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usage = desk.house.store, Usage()
    client_id = desk.key(desk.bank()).client_id
    guid = key_of(store, client_id).guid

    def mark(seconds: int, address: str) -> tuple[dt.datetime | None, str | None]:
        monkeypatch.setattr(clock, "now", lambda: HOUR + dt.timedelta(seconds=seconds))
        usage.used("token_issued", [(guid, address)])
        usage.write(store)
        key = key_of(store, client_id)
        return key.last_used_at, key.last_used_from

    first = mark(0, "192.0.2.1")
    assert first == (HOUR, "192.0.2.1")
    assert mark(1, "192.0.2.1") == first
    moved = mark(2, "192.0.2.2")
    assert moved == (HOUR + dt.timedelta(seconds=2), "192.0.2.2")
    assert mark(59, "192.0.2.2") == moved
    assert mark(90, "192.0.2.2") == (HOUR + dt.timedelta(seconds=90), "192.0.2.2")
    # A clock that was set back is no reason to wait for it.
    assert mark(5, "192.0.2.2") == (HOUR + dt.timedelta(seconds=5), "192.0.2.2")


def test_lets_more_of_the_same_wait(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usage = desk.house.store, Usage()
    guid = key_of(store, desk.key(desk.bank()).client_id).guid

    def counted() -> int:
        """What the database knows a second later."""
        usage.write_news(store)
        return sum(count for *_, count in sums(store, of_all=True))

    def use(address: str) -> int:
        usage.used("token_issued", [(guid, address)])
        return counted()

    assert counted() == 0
    assert use("192.0.2.1") == 1
    assert use("192.0.2.1") == 1
    assert use("192.0.2.2") == 3
    assert use("192.0.2.2") == 3
    usage.count(guid, "paused")
    assert counted() == 5
    assert use("192.0.2.2") == 5
    usage.saw(guid, "192.0.2.2")
    assert counted() == 6
    assert use("192.0.2.2") == 6
    usage.write(store)
    assert counted() == 7
    monkeypatch.setattr(clock, "now", lambda: HOUR + dt.timedelta(minutes=31, seconds=1))
    assert use("192.0.2.2") == 8


def test_forgets_after_a_minute_whose_a_key_is(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usage = desk.house.store, Usage()
    guid = key_of(store, desk.key(desk.bank()).client_id).guid
    usage.used("token_issued", [(guid, "192.0.2.1")])
    usage.write(store)
    assert list(usage._owners) == [guid]
    monkeypatch.setattr(clock, "now", lambda: HOUR + dt.timedelta(minutes=32))
    usage.count("", "unknown")
    usage.write(store)
    assert not usage._owners


def test_waits_for_whoever_is_writing(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another thread took, and has not written yet, decides about repeats as well."""
    store, usage = desk.house.store, Usage()
    key = key_of(store, desk.key(desk.bank()).client_id)
    usage.known(key.guid, "192.0.2.1")
    usage.count("", "invalid_client")
    has_taken, may_go_on = Event(), Event()
    write = usage._write

    def slow(*given: Any) -> None:  # noqa: ANN401 - as it is called
        has_taken.set()
        assert may_go_on.wait(10)
        write(*given)

    monkeypatch.setattr(usage, "_write", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(usage.write, store)
        assert has_taken.wait(10)
        second = pool.submit(usage.write, store)
        is_early = second in wait([second], 0.2).done
        # Whoever counts for Prometheus must not see fewer meanwhile than before: that would look like a new start.
        seen_meanwhile = usage.totals()
        may_go_on.set()
        first.result(10)
        second.result(10)
    assert not is_early
    assert seen_meanwhile == usage.totals() == {"invalid_client": 1}
    assert key_of(store, key.client_id).last_used_from == "192.0.2.1"
    assert sums(store) == []
