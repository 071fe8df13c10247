"""The whole database as a value: every row of every table, and whose it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import sqlalchemy as sa

from ostiary import tables
from ostiary.db.model import Model
from ostiary.db.store import Store
from tests.tenancy.things import Owner

TABLES = tables.metadata.sorted_tables

# A table says whose its rows are by columns of its own (organization, bank), or by the row it names, or not at all.
DIRECTLY = {
    "organizations": ("guid", ""),
    "banks": ("organization_guid", "guid"),
    "applications": ("organization_guid", "bank_guid"),
    "events": ("organization_guid", "bank_guid"),
    "memberships": ("organization_guid", ""),
    "organization_usage": ("organization_guid", "bank_guid"),
}
THROUGH = {
    "customers": ("bank_guid", "banks"),
    "customer_labels": ("customer_guid", "customers"),
    "application_secrets": ("application_guid", "applications"),
    "application_usage": ("application_guid", "applications"),
    "revocations": ("application_guid", "applications"),
    "event_deliveries": ("event_guid", "events"),
    "one_time_links": ("membership_guid", "memberships"),
}
# Of the server, or of people, who may belong to several organizations: no key may change these.
NOBODYS = {"signing_keys", "users", "user_sessions"}

# A row's table and primary key.
Place = tuple[str, tuple[object, ...]]
Rows = Mapping[Place, Sequence[Any]]


def _statement(table: sa.Table) -> tuple[str, Callable[[Sequence[Any]], tuple[object, ...]]]:
    """The text that reads a whole table, and what finds the primary key in a row; made once, because it is slow."""
    columns = table.columns.keys()
    key = [columns.index(column.key) for column in table.primary_key]
    return str(sa.select(table)), lambda row: tuple(row[at] for at in key)


STATEMENTS = {table.name: _statement(table) for table in TABLES}


@dataclass(frozen=True)
class State:
    rows: Rows
    version: str | None

    def owner(self, place: Place) -> Owner | None:
        row = self.rows.get(place)
        table, _ = place
        if row is None or table in NOBODYS:
            return None
        columns = tables.metadata.tables[table].columns.keys()
        if table in DIRECTLY:
            organization, bank = DIRECTLY[table]
            return Owner(row[columns.index(organization)], (row[columns.index(bank)] if bank else None) or "")
        named, parent = THROUGH[table]
        return self.owner((parent, (row[columns.index(named)],)))


def read(store: Store, last: State | None = None) -> State:
    """As the driver gives it, because types would cost more than the reading; `last` again if nothing was written."""
    rows: dict[Place, Sequence[Any]] = {}
    with store.reading() as db:
        # On PostgreSQL a table is a journey, so it is asked first whether a transaction has written since.
        version = None if store.is_sqlite else db.scalar(sa.text("SELECT pg_current_snapshot()::text"))
        if last is not None and version is not None and version == last.version:
            return last
        connection = db.connection()
        for table, (sql, key) in STATEMENTS.items():
            for row in connection.exec_driver_sql(sql).all():
                rows[table, key(row)] = row
    return State(rows, version)


def changed(before: State, after: State) -> set[Place]:
    """Where a row was made, changed or deleted."""
    if before.rows == after.rows:
        return set()
    places = before.rows.keys() | after.rows.keys()
    return {place for place in places if before.rows.get(place) != after.rows.get(place)}


@dataclass(frozen=True)
class Base:
    """A state that one can come back to."""

    rows: Mapping[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, store: Store, *only: str) -> Self:
        kept = [table for table in TABLES if not only or table.name in only]
        with store.reading() as db:
            return cls({table.name: [dict(row) for row in db.execute(sa.select(table)).mappings()] for table in kept})

    def restore(self, store: Store) -> None:
        with store.writing() as db:
            for table in reversed(TABLES):
                db.execute(sa.delete(table))
            for table in TABLES:
                if rows := self.rows.get(table.name):
                    db.execute(sa.insert(table), rows)


@dataclass
class Readings:
    """Which rows became objects, and so could have decided something, since the last look."""

    places: set[Place] = field(default_factory=set)

    def note(self, target: Model, *_: object) -> None:
        key = sa.inspect(target).identity
        self.places.add((target.__tablename__, tuple(key or ())))

    def taken(self) -> set[Place]:
        taken, self.places = self.places, set()
        return taken


@contextmanager
def watching() -> Iterator[Readings]:
    readings = Readings()
    for occasion in ("load", "refresh"):
        sa.event.listen(Model, occasion, readings.note, propagate=True)
    yield readings
    for occasion in ("load", "refresh"):
        sa.event.remove(Model, occasion, readings.note)
