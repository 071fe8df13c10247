"""Live servers that outlast one test: made once, shared by tests that stay out of each other's way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live import LiveServer, environment, free_port, start_server
from tests.postgres import Postgres


@contextmanager
def serving(postgres: Postgres | None, folder: Path, **settings: str) -> Iterator[LiveServer]:
    """A server in `folder`, on a fresh database of the kind under test; `settings` are OSTIARY_ variables."""
    database = postgres.create_database() if postgres else ""
    url = postgres.url(database) if postgres else f"sqlite:///{folder / 'ostiary.db'}"
    with start_server(environment(folder / "data", url) | settings, free_port()) as server:
        yield server
    if postgres:
        postgres.drop_database(database)
