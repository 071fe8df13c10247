"""From SQLite to PostgreSQL: every row, compared with what it was, in one transaction."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from ostiary import migrations
from ostiary.crypto import master_key
from ostiary.crypto.sealing import Seal
from ostiary.db import sqlite
from ostiary.db.schema_support import SchemaSupport
from ostiary.db.store import Store
from ostiary.db.syncing import sync
from ostiary.errors import ConfigurationError
from ostiary.house import SIGNING_KEY_PURPOSE
from ostiary.oauth import queries as oauth
from ostiary.recovery import files, queries
from ostiary.recovery.backup import Told
from ostiary.settings import Settings
from ostiary.tables import metadata

# What the migrations have put there themselves.
MIGRATED = {SchemaSupport.__tablename__}
TABLES = [table for table in metadata.sorted_tables if table.name not in MIGRATED]


@dataclass(frozen=True)
class Moved:
    rows: Mapping[str, int]
    # Where the old database is now, out of reach of a server that would go on with it.
    kept: Path


def move(settings: Settings, source: Path, told: Told) -> Moved:
    """Fill the empty PostgreSQL database of the settings. Raises ConfigurationError; then nothing has changed."""
    if settings.store_url.startswith("sqlite"):
        raise ConfigurationError("OSTIARY_DATABASE_URL must name the PostgreSQL database to move to")
    if not source.is_file():
        raise ConfigurationError(f"There is no database {source}")
    key = master_key.load(settings)
    lock = sqlite.lock_of(source)
    files.must_be_unused(source, lock)
    old, new = Store(_at(settings, source)), Store(settings)
    with closing(old), closing(new):
        migrations.upgrade(old)
        migrations.upgrade(new)
        _must_open(old, Seal(key, SIGNING_KEY_PURPOSE))
        rows = _copy_all(old, new, told)
    files.must_be_unused(source, lock)
    kept = files.kept_name(source, "moved")
    source.rename(kept)
    sync(source.parent)
    return Moved(rows, kept)


def _at(settings: Settings, source: Path) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(f"sqlite:///{source}"), "database_url_file": None})


def _must_open(old: Store, seal: Seal) -> None:
    with old.reading() as db:
        for each in oauth.by_age(db):
            seal.open(each.private_key_sealed, each.kid)


def _copy_all(old: Store, new: Store, told: Told) -> Mapping[str, int]:
    # Writing, so that nobody else does; nothing is changed.
    with old.writing() as source, new.writing() as target:
        new.serialize(target)
        here, there = source.connection(), target.connection()
        filled = [table.name for table in TABLES if queries.by_table_is_filled(there, table)]
        if filled:
            raise ConfigurationError(f"The database to move to is not empty: there are rows in {', '.join(filled)}")
        rows = {}
        for table in TABLES:
            told(f"Copying {table.name} …")
            for batch in queries.by_table_rows(here, table):
                there.execute(table.insert(), batch)
            before, after = _digest(here, table), _digest(there, table)
            if before != after:
                raise ConfigurationError(f"{table.name} is not the same there as here. Nothing was changed")
            rows[table.name] = before[0]
        return rows


def _digest(connection: sa.Connection, table: sa.Table) -> tuple[int, int]:
    """How many rows there are, and a number made of all of them that does not depend on their order."""
    count = total = 0
    for batch in queries.by_table_rows(connection, table):
        count += len(batch)
        for row in batch:
            told = json.dumps(row, sort_keys=True, default=repr)
            total += int.from_bytes(hashlib.sha256(told.encode()).digest())
    return count, total
