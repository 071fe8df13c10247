"""Bringing the database to the schema of this release, under a lock, whoever starts first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ostiary.db.store import Store

FOLDER = Path(__file__).parent


def upgrade(store: Store) -> None:
    """Run what is missing; a second process waits and then finds nothing to do."""
    with store.changing_schema() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revisions(store: Store) -> tuple[str | None, str | None]:
    """Where the database is, and where this release wants it."""
    with store.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
