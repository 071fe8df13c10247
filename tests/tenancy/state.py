"""The whole database as a value: every row of every table, and whose it is."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa

from ostiary import tables
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
    "idempotency_keys": ("organization_guid", ""),
}
THROUGH = {
    "customers": ("bank_guid", "banks"),
    "customer_labels": ("customer_guid", "customers"),
    "application_secrets": ("application_guid", "applications"),
    "application_usage": ("application_guid", "applications"),
    "seen_addresses": ("application_guid", "applications"),
    "revocations": ("application_guid", "applications"),
    "event_deliveries": ("event_guid", "events"),
    "one_time_links": ("membership_guid", "memberships"),
    "logins": ("membership_guid", "memberships"),
    "refresh_tokens": ("login_guid", "logins"),
}
# Of the server, or of people, who may belong to several organizations: no key may change these.
# And of programs that nobody has let in yet.
NOBODYS = {"schema_support", "signing_keys", "users", "user_sessions", "device_codes"}

# A row's table and primary key.
Key = tuple[object, ...]
Place = tuple[str, Key]
Row = Sequence[Any]
# By table and primary key.
Rows = Mapping[str, Mapping[Key, Row]]


def _statement(table: sa.Table) -> tuple[str, Callable[[Row], Key]]:
    """The text that reads a whole table, and what finds the primary key in a row; made once, because it is slow."""
    columns = table.columns.keys()
    key = [columns.index(column.key) for column in table.primary_key]
    return str(sa.select(table)), lambda row: tuple(row[at] for at in key)


STATEMENTS = {table.name: _statement(table) for table in TABLES}


@dataclass(frozen=True)
class State:
    rows: Rows

    def row(self, place: Place) -> Row | None:
        table, key = place
        return self.rows[table].get(key)

    def owner(self, place: Place) -> Owner | None:
        row = self.row(place)
        table, _ = place
        if row is None or table in NOBODYS:
            return None
        columns = tables.metadata.tables[table].columns.keys()
        if table in DIRECTLY:
            organization, bank = DIRECTLY[table]
            return Owner(row[columns.index(organization)], (row[columns.index(bank)] if bank else None) or "")
        named, parent = THROUGH[table]
        owner = self.owner((parent, (row[columns.index(named)],)))
        return owner._replace(customer_guid=row[columns.index("guid")]) if owner and table == "customers" else owner

    def belongs(self, user_guid: object, organization_guid: str) -> bool:
        """Whether a person is, or was, a member there."""
        columns = tables.metadata.tables["memberships"].columns.keys()
        person, organization = columns.index("user_guid"), columns.index("organization_guid")
        members = self.rows["memberships"].values()
        return any((row[person], row[organization]) == (user_guid, organization_guid) for row in members)


def read(store: Store) -> State:
    return reread(store, State({}), STATEMENTS.keys())


def reread(store: Store, last: State, written: Collection[str]) -> State:
    """As the driver gives it, because types would cost more than the reading; a table is a journey on PostgreSQL."""
    if not written:
        return last
    rows = dict(last.rows)
    with store.reading() as db:
        connection = db.connection()
        for table in written:
            sql, key = STATEMENTS[table]
            rows[table] = {key(row): row for row in connection.exec_driver_sql(sql).all()}
    return State(rows)


def places(state: State) -> Iterator[Place]:
    return ((table, key) for table, rows in state.rows.items() for key in rows)


def changed(before: State, after: State) -> set[Place]:
    """Where a row was made, changed or deleted."""
    found: set[Place] = set()
    for table, rows in after.rows.items():
        known = before.rows[table]
        if rows is not known and rows != known:
            found |= {(table, key) for key in known.keys() | rows.keys() if known.get(key) != rows.get(key)}
    return found


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
