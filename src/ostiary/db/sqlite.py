"""SQLite as Ostiary opens it: WAL, every commit synced, and no checkpoint outside the lock where that matters."""

import os
import sqlite3
from pathlib import Path

from ostiary.db.wal_lock import WalLock, has_reset_race
from ostiary.errors import ConfigurationError

BUSY_MILLISECONDS = 10_000
READER_BUSY_MILLISECONDS = 2_000
# As much as is read, at most: among a million keys, thousands of them in use.
READER_CACHE_KIB = 64 * 1024
CHECKPOINT_BYTES = 4 * 1024 * 1024
CHECKPOINT_WAIT_MILLISECONDS = 200

NEEDS_LOCK = has_reset_race(sqlite3.sqlite_version_info)


class Connection(sqlite3.Connection):
    """Closing the last connection checkpoints the log, so closing takes the lock too."""

    wal_lock: WalLock
    path: Path
    file: tuple[int, int]

    def is_ghost(self) -> bool:
        """Whether the file was moved, deleted or replaced since: this connection would go on reading the old one."""
        return self.file != _identity(self.path)

    def close(self) -> None:
        with self.wal_lock.held():
            super().close()


def prepare_file(path: Path) -> WalLock:
    """Make the data folder and an empty file that only this user can read; -wal and -shm inherit its mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError(f"The database file {path} cannot be opened: {error.strerror}") from error
    return lock_of(path)


def lock_of(path: Path) -> WalLock:
    return WalLock(path.with_name(f"{path.name}.lock"))


def connect(path: Path, wal_lock: WalLock) -> Connection:
    # Made once, by `prepare_file`: a file that is gone must not come back empty.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_MILLISECONDS / 1000,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    connection.wal_lock, connection.path = wal_lock, path
    connection.file = _identity(path)
    connection.execute("PRAGMA foreign_keys = ON")
    # FULL syncs the log at every commit: a secret that was shown must survive the plug being pulled.
    connection.execute("PRAGMA synchronous = FULL")
    if NEEDS_LOCK:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        with wal_lock.held():
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != ("wal",):
            raise ConfigurationError(f"SQLite cannot keep a write-ahead log at {path}: use a local disk")
    return connection


def connect_reader(path: Path, wal_lock: WalLock) -> Connection:
    """The fast lane's connection: it only ever reads."""
    connection = connect(path, wal_lock)
    connection.execute("PRAGMA query_only = ON")
    # It runs on the event loop, where everybody waits for it.
    connection.execute(f"PRAGMA busy_timeout = {READER_BUSY_MILLISECONDS}")
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
    return connection


def checkpoint_if_large(connection: sqlite3.Connection, path: Path) -> None:
    """Fold the log back into the database; called with the lock held, after a commit."""
    try:
        size_bytes = path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return
    if size_bytes > CHECKPOINT_BYTES:
        # A slow reader in the way makes this a partial checkpoint; the next commit tries again.
        connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_WAIT_MILLISECONDS}")
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - the fast lane asks before every read, and this is twice as quick
    except OSError:
        return (-1, -1)
    return found.st_dev, found.st_ino
