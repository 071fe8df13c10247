"""What a store promises to whoever holds one of its connections."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from ostiary.db.store import Store
from ostiary.settings import Settings


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    settings = Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url))
    with closing(Store(settings)) as made:
        yield made


def connection_of(db: sa.orm.Session) -> psycopg.Connection | sqlite3.Connection:
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection | sqlite3.Connection)
    return raw


def works(connection: psycopg.Connection | sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except (psycopg.OperationalError, sqlite3.ProgrammingError):
        return False
    return True


def test_keeps_its_connections_for_later(store: Store) -> None:
    with store.reading() as db:
        connection = connection_of(db)
    assert works(connection)


def test_ends_every_connection_when_it_closes(store: Store) -> None:
    """Those that wait, those at work, and those that somebody opens afterwards, however late."""
    with store.reading() as db, store.reading() as other:
        waiting, at_work = connection_of(db), connection_of(other)
        db.close()
        store.close()
        assert not works(waiting)
        assert works(at_work)
    assert not works(at_work)
    with store.reading() as db:
        late = connection_of(db)
    assert not works(late)
