"""Fresh databases: copies of one that was migrated once, for a migration each would take longer than most tests."""

import functools
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from psycopg import sql
from pydantic import SecretStr

from ostiary.db.schema_support import SchemaSupport
from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from ostiary.settings import Settings
from ostiary.tables import metadata
from tests.live import MASTER_KEY
from tests.postgres import Postgres

# PostgreSQL takes a fifth of a second to make a database, so those of earlier tests are emptied and used again.
SPARE: list[str] = []
LEAVE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
LEAVE_SECONDS = 60
# Which transaction wrote each line of the catalog: copies begin alike, and any change of the schema leaves a trace.
SCHEMA = """
    SELECT (SELECT array_agg(relname || ' ' || xmin ORDER BY relname) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace),
        (SELECT array_agg(attname || ' ' || xmin ORDER BY attrelid, attnum) FROM pg_attribute
            WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)),
        (SELECT array_agg(conname || ' ' || xmin ORDER BY oid) FROM pg_constraint),
        (SELECT array_agg(tgname || ' ' || xmin ORDER BY oid) FROM pg_trigger),
        (SELECT array_agg(version_num || ' ' || xmin) FROM alembic_version),
        (SELECT array_agg(oldest_revision || ' ' || xmin) FROM schema_support)
"""
EMPTY = sql.SQL(";").join(
    [
        *(
            sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name))
            for table in reversed(metadata.sorted_tables)
            # As the migrations have filled it.
            if table.name != SchemaSupport.__tablename__
        ),
        sql.SQL("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"),
    ]
)


@contextmanager
def fresh_database(postgres: Postgres | None, folder: Path) -> Iterator[str]:
    """The address of a database with today's schema and nothing in it."""
    if postgres is None:
        path = folder / "ostiary.db"
        put_migrated_file(path)
        yield f"sqlite:///{path}"
        return
    template = migrated_template(postgres)
    name = SPARE.pop() if SPARE else postgres.create_database(template)
    yield postgres.url(name)
    if is_emptied(postgres, name, like=template):
        SPARE.append(name)
    else:
        postgres.drop_database(name)


@contextmanager
def empty_database(postgres: Postgres | None, folder: Path) -> Iterator[str]:
    """One without a schema, for the tests of who makes it."""
    if postgres is None:
        yield f"sqlite:///{folder / 'nothing-yet.db'}"
        return
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


def put_migrated_file(path: Path) -> None:
    path.touch(0o600)  # as the server makes it
    path.write_bytes(migrated_file())


@functools.cache
def migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ostiary.db"
        migrate(f"sqlite:///{path}", Path(folder))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return path.read_bytes()


def is_emptied(postgres: Postgres, name: str, *, like: str) -> bool:
    """Makes a used database as good as a new one, eight times as fast; not where a test changed more than rows."""
    with postgres.connect(name) as used:
        # PostgreSQL's own wait for them looks only every tenth of a second.
        deadline = time.monotonic() + LEAVE_SECONDS
        while used.execute(LEAVE).fetchall():
            assert time.monotonic() < deadline, f"somebody does not leave {name}"
            time.sleep(0.002)
        if used.execute(SCHEMA).fetchone() != schema_of(postgres, like):
            return False
        used.execute(EMPTY)
    return True


@functools.cache
def schema_of(postgres: Postgres, name: str) -> object:
    with postgres.connect(name) as connection:
        return connection.execute(SCHEMA).fetchone()


@functools.cache
def migrated_template(postgres: Postgres) -> str:
    name = postgres.create_database()
    migrate(postgres.url(name), postgres.folder)
    return name


def migrate(url: str, folder: Path) -> None:
    store = Store(Settings(data_dir=folder / "data", database_url=SecretStr(url), master_key=SecretStr(MASTER_KEY)))
    alembic_runner.upgrade(store)
    store.close()
