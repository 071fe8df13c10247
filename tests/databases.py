"""Fresh databases: copies of one that was migrated once, for a migration each would take longer than most tests."""

import functools
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import SecretStr

from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from ostiary.settings import Settings
from tests.live import MASTER_KEY
from tests.postgres import Postgres


@contextmanager
def fresh_database(postgres: Postgres | None, folder: Path) -> Iterator[str]:
    """The address of a database with today's schema and nothing in it."""
    if postgres is None:
        path = folder / "ostiary.db"
        put_migrated_file(path)
        yield f"sqlite:///{path}"
        return
    name = postgres.create_database(migrated_template(postgres))
    yield postgres.url(name)
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


@functools.cache
def migrated_template(postgres: Postgres) -> str:
    name = postgres.create_database()
    migrate(postgres.url(name), postgres.folder)
    return name


def migrate(url: str, folder: Path) -> None:
    store = Store(Settings(data_dir=folder / "data", database_url=SecretStr(url), master_key=SecretStr(MASTER_KEY)))
    alembic_runner.upgrade(store)
    store.close()
