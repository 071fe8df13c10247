"""The addresses that observed keys were used from, as they are written: counted, bounded, and forgotten again."""

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.models import OTHERS, Application, ApplicationKind, SeenAddress
from ostiary.applications.observation import queries, service, sightings
from ostiary.applications.observation.queries import KEPT, MOST_ADDRESSES
from ostiary.applications.observation.sightings import Sightings
from ostiary.applications.usage import Usage
from ostiary.db.store import Store
from ostiary.settings import Settings
from tests.durability.direct import OPERATOR, Office, office

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
HERE, THERE = "192.0.2.1", "2001:db8::1"
WAIT_SECONDS = 10

Row = tuple[str, dt.datetime, dt.datetime, int]


class Time:
    """Noon, until a test says otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(clock, "now", lambda: self.now)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Office]:
    with office(settings) as opened:
        yield opened


@pytest.fixture
def store(desk: Office) -> Store:
    return desk.house.store


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def observed(desk: Office, *, begin: bool = True) -> str:
    """The guid of a key that is observed."""
    client_id = desk.key(desk.bank()).client_id
    store = desk.house.store
    with store.writing() as db:
        if begin:
            service.observe(db, OPERATOR, ApplicationKind.BANK, client_id)
        return db.scalars(sa.select(Application.guid).where(Application.client_id == client_id)).one()


def stop(store: Store, guid: str) -> None:
    with store.writing() as db:
        service.stop(db, OPERATOR, ApplicationKind.BANK, guid)


def rows(store: Store, guid: str) -> list[Row]:
    found = sa.select(SeenAddress).where(SeenAddress.application_guid == guid)
    with store.reading() as db:
        return sorted((one.address, one.first_seen_at, one.last_seen_at, one.count) for one in db.scalars(found))


def write(store: Store, *uses: tuple[str, str]) -> None:
    """What a server writes after a second in which these came in."""
    usage = Usage()
    for guid, address in uses:
        usage.saw(guid, address)
    usage.write(store)


def test_counts_addresses_and_keeps_the_first_and_the_last_moment(desk: Office, store: Store, time: Time) -> None:
    key, other = observed(desk), observed(desk)
    write(store, (key, HERE), (key, HERE), (key, THERE), (other, HERE))
    time.now = later = NOON + dt.timedelta(hours=3)
    write(store, (key, HERE))
    assert rows(store, key) == [(HERE, NOON, later, 3), (THERE, NOON, NOON, 1)]
    assert rows(store, other) == [(HERE, NOON, NOON, 1)]


def test_writes_nothing_of_a_key_that_is_not_observed_by_then(desk: Office, store: Store) -> None:
    never, no_longer = observed(desk, begin=False), observed(desk)
    stop(store, no_longer)
    write(store, (never, HERE), (no_longer, HERE), ("0" * 32, HERE))
    assert rows(store, never) == rows(store, no_longer) == []


def test_forgets_what_was_seen_when_it_stops(desk: Office, store: Store) -> None:
    key, other = observed(desk), observed(desk)
    write(store, (key, HERE), (other, HERE))
    stop(store, key)
    assert (rows(store, key), len(rows(store, other))) == ([], 1)


def test_knows_a_thousand_addresses_and_counts_others_together(desk: Office, store: Store, time: Time) -> None:
    key, quiet = observed(desk), observed(desk)
    first = [f"10.0.{number // 250}.{number % 250}" for number in range(MOST_ADDRESSES - 1)]
    write(store, *((key, address) for address in first), (quiet, HERE))
    # One that is known, one for which there is room, and three for which there is none.
    time.now = later = NOON + dt.timedelta(seconds=1)
    write(store, *((key, f"10.0.{net}.2") for net in (0, 5, 6, 7, 8, 8)), (quiet, THERE))
    kept = {address: more for address, *more in rows(store, key)}
    assert kept.keys() == {*first, "10.0.5.2", OTHERS}
    assert kept["10.0.0.2"] == [NOON, later, 2]
    assert kept["10.0.5.2"] == [later, later, 1]
    assert kept[OTHERS] == [later, later, 4]
    assert len(rows(store, quiet)) == 2
    write(store, *((key, f"10.1.0.{last}") for last in range(200)), (key, HERE), (key, "10.0.0.2"))
    kept = {address: more for address, *more in rows(store, key)}
    assert len(kept) == MOST_ADDRESSES + 1
    assert (kept[OTHERS][-1], kept["10.0.0.2"][-1]) == (205, 3)


def test_keeps_no_more_in_memory_than_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST_ADDRESSES", 2)
    collected = Sightings()
    for address in ("a", "b", "c", "d", "a"):
        collected.add("key", address)
    assert collected.rows() == [("key", OTHERS, 2), ("key", "a", 2), ("key", "b", 1)]


def test_writes_later_what_could_not_be_written(desk: Office, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    key, usage = observed(desk), Usage()
    usage.saw(key, HERE)
    with monkeypatch.context() as patched:
        patched.setattr(sightings, "_statement", lambda **_: None)
        with pytest.raises(sa.exc.ArgumentError):
            usage.write(store)
    usage.saw(key, HERE)
    usage.write(store)
    assert [count for *_, count in rows(store, key)] == [2]


def test_forgets_an_address_after_thirty_days(desk: Office, store: Store, time: Time) -> None:
    key = observed(desk)
    write(store, (key, HERE), (key, THERE))
    time.now += KEPT - dt.timedelta(hours=1)
    write(store, (key, THERE))
    # Pruned where the usage is: by whoever writes something next.
    time.now += dt.timedelta(hours=2)
    write(store, (key, "192.0.2.9"))
    assert [address for address, *_ in rows(store, key)] == ["192.0.2.9", THERE]


def test_shows_nothing_that_is_older_than_thirty_days(desk: Office, store: Store, time: Time) -> None:
    key = observed(desk)
    write(store, (key, HERE))
    with store.reading() as db:
        for later, shown in ((KEPT, [HERE]), (KEPT + dt.timedelta(seconds=1), [])):
            found = queries.seen(db, OPERATOR, key, time.now + later)
            assert [one.address for one in found] == shown


def test_loses_nothing_when_two_servers_write_at_once(desk: Office, store: Store) -> None:
    keys = [observed(desk) for _ in range(3)]
    uses = [(key, f"10.0.{net}.{last}") for key in keys for net in range(2) for last in range(40)]

    def work(mine: list[tuple[str, str]]) -> None:
        for _ in range(5):
            write(store, *mine)

    servers = [threading.Thread(target=work, args=(mine,)) for mine in (uses, uses[::-1])]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    assert [count for key in keys for *_, count in rows(store, key)] == [10] * len(uses)


def test_leaves_nothing_behind_when_it_stops_while_uses_come_in(desk: Office, store: Store) -> None:
    """The writer waits for whoever stops, and then finds that there is nothing to write."""
    key = observed(desk)
    writer = threading.Thread(target=write, args=(store, (key, HERE)))
    with store.writing() as db:
        service.stop(db, OPERATOR, ApplicationKind.BANK, key)
        db.flush()  # the row is locked, and the deletion has happened
        writer.start()
        writer.join(0.5)
        assert writer.is_alive(), "it did not wait"
    writer.join(WAIT_SECONDS)
    assert not writer.is_alive(), "it waits for ever"
    assert rows(store, key) == []


def test_prunes_beside_a_server_that_writes(desk: Office, store: Store, time: Time) -> None:
    """A row that another server has just seen again is left to it."""
    key = observed(desk)
    write(store, (key, HERE), (key, THERE))
    time.now += KEPT + dt.timedelta(hours=1)
    again, mine = Sightings(), Usage()
    again.add(key, HERE)
    mine.count("", "invalid_client")
    pruner = threading.Thread(target=mine.write, args=(store,))
    with store.writing() as db:
        sightings.write(db, again, is_sqlite=store.is_sqlite)
        pruner.start()
        pruner.join(0.5)
        # SQLite has one writer at a time.
        assert pruner.is_alive() == store.is_sqlite
    pruner.join(WAIT_SECONDS)
    assert not pruner.is_alive(), "it waits for ever"
    assert [(address, count) for address, *_, count in rows(store, key)] == [(HERE, 2)]
