"""Engines under test that do not depend on which database the run is for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from ostiary.settings import Settings
from tests.durability.installation import Installation, installed
from tests.postgres import Postgres


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite store, in either run."""
    url = SecretStr(f"sqlite:///{tmp_path / 'own' / 'ostiary.db'}")
    made = Store(Settings(data_dir=tmp_path / "own", database_url=url))
    alembic_runner.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def place(postgres: Postgres | None, tmp_path: Path) -> Iterator[Installation]:
    """A live server on the database under test, with the operator's office beside it."""
    with installed(postgres, tmp_path) as made:
        yield made
