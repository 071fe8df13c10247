"""SQLite files as a backup needs them: copied while others write, looked through, and put in another's place."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ostiary import clock
from ostiary.db import sqlite
from ostiary.db.store import Store
from ostiary.db.syncing import sync
from ostiary.db.wal_lock import WalLock
from ostiary.errors import ConfigurationError
from ostiary.recovery import queries

# What SQLite keeps beside a file.
BESIDE = ("-wal", "-shm", "-journal")


@contextmanager
def draft(place: Path) -> Iterator[Path]:
    """The name of a file of this process beside `place`; what is left of it goes in the end."""
    path = place.with_name(f".{place.name}.{os.getpid()}")
    remove(path)
    try:
        yield path
    finally:
        remove(path)


def remove(path: Path) -> None:
    for each in ("", *BESIDE, ".lock"):
        path.with_name(f"{path.name}{each}").unlink(missing_ok=True)


def copy(store: Store, target: Path) -> None:
    """The database as it is at one moment, whoever writes meanwhile; raises ConfigurationError."""
    make(target)
    try:
        lock = sqlite.lock_of(store.path)
        with closing(sqlite.connect(store.path, lock)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise ConfigurationError(f"The database {store.path} cannot be copied: {error}") from error


def look_through(path: Path) -> str:
    """The revision of a sound database. Raises ConfigurationError when it is none."""
    try:
        with closing(sqlite3.connect(path)) as db:
            answer = db.execute("PRAGMA integrity_check").fetchall()
            dangling = db.execute("PRAGMA foreign_key_check").fetchone()
            revision = queries.by_file_revision(db)
    except sqlite3.Error as error:
        raise ConfigurationError(f"The database in it cannot be read: {error}") from error
    if answer != [("ok",)] or dangling is not None or revision is None:
        raise ConfigurationError("The database in it is damaged: PRAGMA integrity_check says so")
    return revision


def must_be_unused(path: Path, lock: WalLock) -> None:
    """Raises ConfigurationError while another process has the database open. Its log is part of it afterwards."""
    if not path.exists():
        return
    try:
        with lock.held(), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
            # Everybody who has it open keeps others from this.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
    except sqlite3.OperationalError:
        raise ConfigurationError(
            f"{path} is in use: stop every server and command that works on it, and try again. Nothing was changed"
        ) from None
    except sqlite3.DatabaseError:
        # Too damaged to be opened by anybody, which may be why it is to be replaced.
        return


def kept_name(path: Path, why: str) -> Path:
    """Where a file goes that is not to be lost, beside where it was."""
    return path.with_name(f"{path.name}.{why}-{clock.now():%Y%m%dT%H%M%S.%f}"[:-3])


def put_in_place(new: Path, place: Path, kept: Path | None) -> None:
    """One moment is the old file there, and the next the new one; the old one stays under the name `kept`."""
    if kept is not None:
        os.link(place, kept)
    for each in BESIDE:
        # SQLite would read the old one's log into the new one.
        beside = place.with_name(f"{place.name}{each}")
        if kept is not None and beside.exists():
            beside.rename(kept.with_name(f"{kept.name}{each}"))
        beside.unlink(missing_ok=True)
    sync(new)
    new.replace(place)
    sync(place.parent)


def make(path: Path) -> None:
    """Nobody else may read it."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def write(path: Path, pieces: Iterator[bytes]) -> None:
    """All of them, to a new file that nobody else may read."""
    make(path)
    try:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def is_empty(path: Path) -> bool:
    """Whether there is nothing in a database yet, not even a schema."""
    return not path.exists() or path.stat().st_size == 0
