"""SQLite as Ostiary opens it: what every connection is set to, and the lock around writes and checkpoints."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
import sqlalchemy as sa

from ostiary.db import sqlite, wal_lock
from ostiary.db.store import Store
from ostiary.db.wal_lock import WalLock, has_reset_race
from ostiary.errors import ConfigurationError, StoreUnavailable

COUNT = sa.text("SELECT count(*) FROM organizations")
INSERT = sa.text(
    "INSERT INTO organizations (guid, name, created_at, updated_at)"
    " VALUES (:guid, 'x', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
)


@pytest.mark.parametrize(
    "version",
    [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 49, 9), (3, 50, 6), (3, 51, 0), (3, 51, 2)],
)
def test_knows_the_versions_with_the_race(version: tuple[int, int, int]) -> None:
    assert has_reset_race(version)


@pytest.mark.parametrize(
    "version", [(3, 44, 6), (3, 44, 7), (3, 50, 7), (3, 50, 8), (3, 51, 3), (3, 52, 0), (3, 100, 0), (4, 0, 0)]
)
def test_knows_the_versions_without_the_race(version: tuple[int, int, int]) -> None:
    assert not has_reset_race(version)


def settings_of(connection: sqlite3.Connection) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def test_sets_every_pooled_connection(sqlite_store: Store) -> None:
    with ExitStack() as stack:
        for _ in range(12):  # more than the pool keeps
            raw = stack.enter_context(sqlite_store.engine.connect()).connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            assert settings_of(raw) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_sets_the_fast_lanes_connection_and_lets_it_only_read(sqlite_store: Store) -> None:
    assert sqlite_store.wal_lock
    with closing(sqlite.connect_reader(sqlite_store.path, sqlite_store.wal_lock)) as raw:
        assert settings_of(raw) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            raw.execute("DELETE FROM organizations")


@contextmanager
def version_with_race(monkeypatch: pytest.MonkeyPatch, answer: bool) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "NEEDS_LOCK", answer)
        yield


@pytest.mark.parametrize(("has_race", "pages"), [(True, 0), (False, 1000)])
def test_checkpoints_by_itself_only_where_that_is_safe(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, has_race: bool, pages: int
) -> None:
    assert sqlite_store.wal_lock
    monkeypatch.setattr(sqlite, "NEEDS_LOCK", has_race)
    with closing(sqlite.connect(sqlite_store.path, sqlite_store.wal_lock)) as raw:
        assert raw.execute("PRAGMA wal_autocheckpoint").fetchone() == (pages,)


def statements(store: Store) -> list[str]:
    seen: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *each: seen.append(each[2]))
    return seen


def test_takes_the_write_lock_before_it_reads(sqlite_store: Store) -> None:
    seen = statements(sqlite_store)
    with sqlite_store.writing() as db:
        db.execute(COUNT)
    with sqlite_store.reading() as db:
        db.execute(COUNT)
    assert [each for each in seen if each.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]


def hold_lock(path: Path, is_held: Event, may_end: Event) -> None:
    with WalLock(path).held():
        is_held.set()
        may_end.wait(30)


@contextmanager
def another_process_writing(store: Store) -> Iterator[None]:
    spawn = multiprocessing.get_context("spawn")
    is_held, may_end = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold_lock, args=(store.path.with_name("ostiary.db.lock"), is_held, may_end))
    other.start()
    assert is_held.wait(30)
    try:
        yield
    finally:
        may_end.set()
        other.join(30)
        assert other.exitcode == 0


def test_waits_for_the_lock_of_another_process(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_lock, "WAIT_SECONDS", 0.1)
    with version_with_race(monkeypatch, answer=True):
        with another_process_writing(sqlite_store):
            with pytest.raises(StoreUnavailable), sqlite_store.writing():
                pytest.fail("wrote beside another process")
            with sqlite_store.reading() as db:
                assert db.execute(COUNT).scalar() == 0
        with sqlite_store.writing() as db:
            db.execute(INSERT, {"guid": "0" * 32})


def test_frees_the_lock_of_a_process_that_was_killed(sqlite_store: Store) -> None:
    assert sqlite_store.wal_lock
    spawn = multiprocessing.get_context("spawn")
    is_held, never = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold_lock, args=(sqlite_store.path.with_name("ostiary.db.lock"), is_held, never))
    other.start()
    assert is_held.wait(30)
    other.kill()
    with sqlite_store.wal_lock.held():
        other.join(30)
    other.close()


def test_waits_for_the_lock_of_another_thread(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_lock, "WAIT_SECONDS", 0.1)
    lock = sqlite_store.wal_lock
    assert lock
    refused: list[StoreUnavailable] = []

    def try_it() -> None:
        try:
            with lock.held():
                pass
        except StoreUnavailable as error:
            refused.append(error)

    with lock.held(), lock.held():
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert len(refused) == 1
    try_it()
    assert len(refused) == 1


def is_locked(path: Path) -> bool:
    try:
        with WalLock(path).held():
            return False
    except StoreUnavailable:
        return True


def test_checkpoints_under_the_lock(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_lock, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 0)
    log = sqlite_store.path.with_name("ostiary.db-wal")
    original, was_locked = sqlite.checkpoint_if_large, []

    def watched(connection: sqlite3.Connection, path: Path) -> None:
        was_locked.append(is_locked(path.with_name("ostiary.db.lock")))
        assert log.stat().st_size > 0
        original(connection, path)

    monkeypatch.setattr(sqlite, "checkpoint_if_large", watched)
    with version_with_race(monkeypatch, answer=True), sqlite_store.writing() as db:
        db.execute(INSERT, {"guid": "0" * 32})
        db.commit()
        assert log.stat().st_size > 0
    # The second commit, at the end of the block, was followed by the checkpoint.
    assert was_locked == [True]
    assert log.stat().st_size == 0


def test_says_written_though_the_checkpoint_fails(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite, "checkpoint_if_large", broken)
    with version_with_race(monkeypatch, answer=True), sqlite_store.writing() as db:
        db.execute(INSERT, {"guid": "0" * 32})
    with sqlite_store.reading() as db:
        assert db.execute(COUNT).scalar() == 1


def test_closes_a_connection_under_the_lock(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_lock, "WAIT_SECONDS", 0.1)
    assert sqlite_store.wal_lock
    raw = sqlite.connect(sqlite_store.path, sqlite_store.wal_lock)
    with another_process_writing(sqlite_store), pytest.raises(StoreUnavailable):
        raw.close()
    raw.close()


@pytest.mark.parametrize("content", [b"this is no database" * 300, b"\0" * 4096 + b"x" * 4096])
def test_calls_a_damaged_file_unavailable(sqlite_store: Store, content: bytes) -> None:
    sqlite_store.close()
    for path in sqlite_store.path.parent.glob("ostiary.db*"):
        path.unlink()
    sqlite_store.path.write_bytes(content)
    with pytest.raises(StoreUnavailable), sqlite_store.reading() as db:
        db.execute(COUNT)


def test_says_why_a_folder_cannot_hold_the_database(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigurationError, match=r"The database file .* cannot be opened: "):
        sqlite.prepare_file(tmp_path / "file" / "ostiary.db")


def test_keeps_its_files_private(sqlite_store: Store) -> None:
    with sqlite_store.writing() as db:
        db.execute(INSERT, {"guid": "0" * 32})
    modes = {path.name: path.stat().st_mode & 0o777 for path in sqlite_store.path.parent.iterdir()}
    assert modes.keys() >= {"ostiary.db", "ostiary.db-wal", "ostiary.db-shm", "ostiary.db.lock"}
    assert set(modes.values()) == {0o600}
    assert sqlite_store.path.parent.stat().st_mode & 0o777 == 0o700
