"""The fast lane's look-ups: everybody gets their own rows, and one caller's trouble is nobody else's."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from ostiary.db import fast_reads
from ostiary.db.fast_reads import Asked, FastReads, Lookup, PostgresReads, Statement, open_reads
from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable
from ostiary.organizations.models import Organization
from tests.conftest import Database
from tests.postgres import Postgres

NUMBER = 40


def by_guid(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    found = sa.select(asked.n, Organization.guid, Organization.name).select_from(asked.beside(Organization.__table__))
    return found.where(Organization.guid == asked.values["guid"])


def guid(number: int) -> str:
    return f"{number:032x}"


def fill(store: Store) -> Store:
    with store.writing() as db:
        db.add_all(Organization(guid=guid(n), name=f"number {n}") for n in range(NUMBER))
    return store


@pytest.fixture
def filled(store: Store) -> Store:
    return fill(store)


def by_guid_or_neighbour(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    return by_guid(asked.or_neighbour("guid", Organization.guid))


def with_lookup(
    store: Store, work: Callable[[Lookup, FastReads], Awaitable[None]], statement: Statement = by_guid
) -> None:
    async def run() -> None:
        reads = open_reads(store)
        await work(reads.lookup(["guid"], statement), reads)
        await reads.close()

    asyncio.run(run())


def names(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [row[2] for row in rows]


def test_gives_everybody_their_own_rows(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_reads, "MOST_PER_QUERY", 7)
    asked = [n % (NUMBER + 10) for n in range(500)]

    async def work(lookup: Lookup, _: FastReads) -> None:
        found = await asyncio.gather(*(lookup(guid(n)) for n in asked))
        assert [names(rows) for rows in found] == [[f"number {n}"] if n < NUMBER else [] for n in asked]

    with_lookup(filled, work)


@pytest.mark.parametrize("known", [range(0), range(1), range(10, 20)], ids=["nobody", "one", "some"])
def test_gives_nobody_the_row_of_a_neighbour(store: Store, known: range) -> None:
    """With or without rows below and above what is not there."""
    with store.writing() as db:
        db.add_all(Organization(guid=guid(n), name=f"number {n}") for n in known)

    async def work(lookup: Lookup, _: FastReads) -> None:
        found = await asyncio.gather(*(lookup(guid(n)) for n in range(NUMBER)))
        assert [names(rows) for rows in found] == [[f"number {n}"] if n in known else [] for n in range(NUMBER)]

    with_lookup(store, work, by_guid_or_neighbour)


def test_reads_a_row_for_what_is_not_there_too(
    filled: Store, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """On PostgreSQL, where the work for a row shows in the time."""
    sent: list[Sequence[Any]] = []
    query = PostgresReads.query

    async def noted(reads: PostgresReads, sql: str, parameters: dict[str, list[str]]) -> list[Sequence[Any]]:
        sent.extend(rows := await query(reads, sql, parameters))
        return rows

    monkeypatch.setattr(PostgresReads, "query", noted)

    async def work(lookup: Lookup, _: FastReads) -> None:
        for asked in (guid(NUMBER + 1), "", guid(3) + "!"):
            assert await lookup(asked) == []

    with_lookup(filled, work, by_guid_or_neighbour)
    neighbours = (NUMBER - 1, 0, 3) if database == "postgresql" else ()
    assert [(row[0], row[2]) for row in sent] == [(None, f"number {n}") for n in neighbours]


def test_gives_each_of_many_their_own_rows(filled: Store) -> None:
    async def work(lookup: Lookup, _: FastReads) -> None:
        for count in (1, 2, 3, 70, 1000):
            asked = [n % (NUMBER + 10) for n in range(count)]
            found = await lookup.each([guid(n) for n in asked])
            assert [names(rows) for rows in found] == [[f"number {n}"] if n < NUMBER else [] for n in asked]
        strange = ["", "'", '"', "\\", "null", "é", guid(0) + " "]
        assert await lookup.each(strange) == [[] for _ in strange]

    with_lookup(filled, work)


def test_keeps_questions_apart_that_arrive_in_turns(filled: Store) -> None:
    async def caller(lookup: Lookup, n: int) -> None:
        for turn in range(20):
            await asyncio.sleep(0.001 * (n % 3))
            wanted = (n + turn) % NUMBER
            assert names(await lookup(guid(wanted))) == [f"number {wanted}"]

    async def work(lookup: Lookup, _: FastReads) -> None:
        await asyncio.gather(*(caller(lookup, n) for n in range(20)))

    with_lookup(filled, work)


def test_harms_nobody_when_a_caller_gives_up(filled: Store) -> None:
    async def ask(lookup: Lookup, n: int) -> list[str]:
        return names(await lookup(guid(n)))

    async def work(lookup: Lookup, _: FastReads) -> None:
        for _turn in range(20):
            tasks = [asyncio.create_task(ask(lookup, n)) for n in range(NUMBER)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert found[1::2] == [[f"number {n}"] for n in range(1, NUMBER, 2)]

    with_lookup(filled, work)


def test_sees_what_was_committed_before_it_asked(filled: Store) -> None:
    async def work(lookup: Lookup, _: FastReads) -> None:
        for n in range(20):
            with filled.writing() as db:
                db.execute(sa.update(Organization).where(Organization.guid == guid(0)).values(name=f"renamed {n}"))
            assert names(await lookup(guid(0))) == [f"renamed {n}"]

    with_lookup(filled, work)


def test_answers_again_after_its_connection_was_lost(filled: Store, postgres: Postgres | None) -> None:
    """On SQLite there is nobody to cut it, so there the store is asked after it was closed and opened again."""

    async def work(lookup: Lookup, _: FastReads) -> None:
        for n in range(5):
            if postgres is None:
                filled.close()
            else:
                with postgres.connect() as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                        [filled.url.database],
                    )
            assert names(await lookup(guid(n))) == [f"number {n}"]

    with_lookup(filled, work)


class Refusing(PostgresReads):
    """A PostgreSQL that is not there, whatever the database of this run."""

    async def query(self, sql: str, parameters: dict[str, list[str]]) -> list[Sequence[Any]]:  # noqa: ARG002
        await asyncio.sleep(0)
        raise StoreUnavailable("away") from psycopg.OperationalError()


def test_leaves_nobody_waiting_when_the_database_is_away(store: Store) -> None:
    async def run() -> None:
        lookup = Refusing(store).lookup(["guid"], by_guid)
        for _ in range(3):
            asked = [asyncio.create_task(lookup(guid(n))) for n in range(10)]
            found = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
            assert [type(each) for each in found] == [StoreUnavailable] * 10

    asyncio.run(run())
