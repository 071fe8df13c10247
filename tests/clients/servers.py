"""Live servers that outlast one test: made once, shared by tests that stay out of each other's way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import fresh_database
from tests.live import LiveServer, environment, free_port, start_server
from tests.postgres import Postgres


@contextmanager
def serving(postgres: Postgres | None, folder: Path, **settings: str) -> Iterator[LiveServer]:
    """A server in `folder`, on a fresh database of the kind under test; `settings` are OSTIARY_ variables."""
    with (
        fresh_database(postgres, folder) as url,
        start_server(environment(folder / "data", url) | settings, free_port()) as server,
    ):
        yield server
