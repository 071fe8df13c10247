"""A live server that outlasts one test, with the operator's office beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ostiary.settings import Settings
from tests.clients.servers import serving
from tests.durability.direct import Office, office
from tests.live import LiveServer
from tests.postgres import Postgres


@dataclass(frozen=True)
class Installation:
    live: LiveServer
    office: Office


@contextmanager
def installed(postgres: Postgres | None, folder: Path, **more: str) -> Iterator[Installation]:
    """A server on a fresh database; `more` are OSTIARY_ variables."""
    with serving(postgres, folder, **more) as live, office(settings_of(live)) as opened:
        yield Installation(live, opened)


def settings_of(live: LiveServer) -> Settings:
    """What that server reads from its environment, for the same database and keys."""
    key = live.env.get("OSTIARY_MASTER_KEY")
    return Settings(
        data_dir=Path(live.env["OSTIARY_DATA_DIR"]),
        database_url=SecretStr(live.env["OSTIARY_DATABASE_URL"]),
        master_key=SecretStr(key) if key else None,
    )
