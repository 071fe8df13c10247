"""Bringing the database to the schema of this release, under a lock, whoever starts first."""

import os
import subprocess
import sys

import sqlalchemy as sa

from ostiary.db.store import Store
from ostiary.errors import ConfigurationError, StoreUnavailable

# The newest revision; a test compares it with the folder.
HEAD = "0002"
UNAVAILABLE = 75

_versions = sa.table("alembic_version", sa.column("version_num", sa.String))


def revision(store: Store) -> str | None:
    """Where the database is: None when there is nothing in it; raises StoreUnavailable."""
    with store.reading() as db:
        if not sa.inspect(db.connection()).has_table(_versions.name):
            return None
        return db.scalar(sa.select(_versions.c.version_num))


def upgrade(store: Store) -> None:
    """Run what is missing in a process of its own; raises ConfigurationError or StoreUnavailable."""
    present = revision(store)
    if present == HEAD:
        return
    if present is not None and present > HEAD:
        raise ConfigurationError(f"The database is at {present}, this release knows {HEAD}: start the newer release")
    url = store.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "ostiary.migrations"],
        env=os.environ | {"OSTIARY_DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        raise StoreUnavailable("the database did not answer while it was brought up to date")
    if done.returncode != 0:
        raise ConfigurationError(f"The database could not be brought up to date: {done.stderr.strip()[-2000:]}")
