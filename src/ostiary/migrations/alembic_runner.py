"""Alembic at work. Only the process that changes a schema imports this: seven megabytes no server should keep."""

from pathlib import Path
from time import monotonic, sleep

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable

FOLDER = Path(__file__).parent
# For everybody who reads or writes a table to be done with it, for a moment at the same time.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5
LOCK_NOT_AVAILABLE = "55P03"


def upgrade(store: Store) -> None:
    """Run what is missing; a second process waits and then finds nothing to do. Raises StoreUnavailable."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with store.changing_schema() as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except StoreUnavailable as error:
            if not _is_taken(error) or monotonic() > give_up_at:
                raise
            sleep(PAUSE_SECONDS)
        else:
            return


def _is_taken(error: StoreUnavailable) -> bool:
    """Whether somebody had a table that was to be changed; nothing was."""
    cause = error.__cause__
    return isinstance(cause, OperationalError) and getattr(cause.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE


def newest() -> str | None:
    """The last revision in the folder."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
