"""Bringing the database to the schema of this release, under a lock, whoever starts first."""

import os
import subprocess
import sys

import sqlalchemy as sa

from ostiary.db.store import Store
from ostiary.errors import ConfigurationError, StoreUnavailable

# The newest revision; a test compares it with the folder.
HEAD = "0009"
UNAVAILABLE = 75

_versions = sa.table("alembic_version", sa.column("version_num", sa.String))
_support = sa.table("schema_support", sa.column("oldest_revision", sa.String))


def revision(store: Store) -> str | None:
    """Where the database is: None when there is nothing in it; raises StoreUnavailable."""
    with store.reading() as db:
        if not sa.inspect(db.connection()).has_table(_versions.name):
            return None
        return db.scalar(sa.select(_versions.c.version_num))


def is_newer(present: str | None) -> bool:
    """Whether another release than this one has been here since."""
    return present is not None and present > HEAD


def is_supported(store: Store) -> bool:
    """Whether this release can work with what a newer one has made of the database; raises StoreUnavailable."""
    with store.reading() as db:
        oldest = db.scalar(sa.select(sa.func.max(_support.c.oldest_revision)))
        return oldest is not None and oldest <= HEAD


def upgrade(store: Store) -> None:
    """Run what is missing in a process of its own; raises ConfigurationError or StoreUnavailable."""
    present = revision(store)
    if present == HEAD:
        return
    if is_newer(present):
        if is_supported(store):
            return
        raise ConfigurationError(f"The database is at {present}, this release knows {HEAD}: start the newer release")
    done = subprocess.run(
        # -P: whatever lies in the folder the server was started in is none of our modules.
        [sys.executable, "-P", "-m", "ostiary.migrations"],
        env=_environment(store),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        raise StoreUnavailable("the database was away, or its tables in use, when it was to be brought up to date")
    if done.returncode != 0:
        raise ConfigurationError(f"The database could not be brought up to date: {done.stderr.strip()[-2000:]}")


def _environment(store: Store) -> dict[str, str]:
    """This process's, with the database this process uses, however it was told."""
    told = {"OSTIARY_DATABASE_URL", "OSTIARY_DATABASE_URL_FILE"}
    others = {name: value for name, value in os.environ.items() if name.upper() not in told}
    return others | {"OSTIARY_DATABASE_URL": store.url.render_as_string(hide_password=False)}
