"""Whether the database has what this release wants, keeps what it was told, and knows what time it is."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from ostiary import clock as our_clock
from ostiary import migrations
from ostiary.cli.checkup.finding import Finding, fine, wrong
from ostiary.db import sqlite
from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable

CLOCK_SECONDS = 10
FIRST_YEAR = 2026


class Setting(NamedTuple):
    """One of PostgreSQL's, as it counts for Ostiary's own connections."""

    name: str
    bad: str
    because: str
    what_to_do: str


SETTINGS = (
    Setting("fsync", "off", "a power cut can destroy the database", "Set fsync = on in postgresql.conf and reload."),
    Setting(
        "full_page_writes",
        "off",
        "a power cut can leave half-written pages",
        "Set full_page_writes = on in postgresql.conf and reload.",
    ),
    Setting(
        "synchronous_commit",
        "off",
        "a secret that was shown may be lost",
        "Set synchronous_commit = on, in postgresql.conf, for Ostiary's role, or in OSTIARY_DATABASE_URL.",
    ),
    Setting(
        "transaction_read_only",
        "on",
        "nothing can be written here: this is a replica, or was made read-only",
        "Let OSTIARY_DATABASE_URL name the primary; of several hosts, target_session_attrs=read-write finds it.",
    ),
)


def schema(store: Store) -> Finding:
    try:
        present, wanted = migrations.revision(store), migrations.HEAD
    except StoreUnavailable:
        return wrong("schema", "the database does not answer", "Start it, or correct OSTIARY_DATABASE_URL.")
    if present == wanted:
        return fine("schema", f"at {present}, as this release wants it")
    if migrations.is_newer(present):
        if migrations.is_supported(store):
            return fine("schema", f"at {present}, of a newer release with which this one ({wanted}) can work")
        return wrong("schema", f"at {present}, this release knows {wanted}", "Install the newer release again.")
    said = f"at {present}, this release wants {wanted}" if present else "not made yet"
    return wrong("schema", said, "Start the server, or run: ostiary migrate")


def durability(store: Store) -> Iterator[Finding]:
    if store.is_sqlite:
        race = (
            "has the WAL-reset race, so every write goes through one lock"
            if sqlite.NEEDS_LOCK
            else "is without the race"
        )
        yield fine("sqlite", f"{sqlite3.sqlite_version} {race}; every commit is synced")
        return
    with store.reading() as db:
        connection = db.connection()
        for each in SETTINGS:
            value = connection.exec_driver_sql(f"SHOW {each.name}").scalar()
            if value == each.bad:
                yield wrong(each.name, f"{value}: {each.because}", each.what_to_do)
            else:
                yield fine(each.name, str(value))


def clock(store: Store) -> Finding:
    ours = our_clock.now()
    what_to_do = "Let a time service such as chrony set the clocks: tokens and keys expire by them."
    if store.is_sqlite:
        # A file has no clock to compare with.
        shown = our_clock.on_the_wire(ours)
        return fine("clock", shown) if ours.year >= FIRST_YEAR else wrong("clock", shown, what_to_do)
    with store.reading() as db:
        apart = abs((ours - store.moment(db)).total_seconds())
    said = f"{apart:.1f} s apart from the database's"
    return fine("clock", said) if apart < CLOCK_SECONDS else wrong("clock", said, what_to_do)
