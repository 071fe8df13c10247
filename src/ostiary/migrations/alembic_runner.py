"""Alembic at work. Only the process that changes a schema imports this: seven megabytes no server should keep."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ostiary.db.store import Store

FOLDER = Path(__file__).parent


def upgrade(store: Store) -> None:
    """Run what is missing; a second process waits and then finds nothing to do."""
    with store.changing_schema() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str | None:
    """The last revision in the folder."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
