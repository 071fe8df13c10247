"""One database and its units of work: a block that reads, a block that writes, committed when the block ends."""

import contextlib
import datetime as dt
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from ostiary import clock
from ostiary.db import sqlite
from ostiary.db.deadlines import Deadlines
from ostiary.db.wal_lock import WalLock
from ostiary.errors import ClockWrong, ConfigurationError, OutcomeUnknown, StoreUnavailable
from ostiary.settings import Settings

POOL_SIZE = 10
POOL_OVERFLOW = 30
POOL_WAIT_SECONDS = 10
# libpq waits for hours for a server that vanished without a word; what the URL says itself comes first.
PATIENCE = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
}

# Any constant serves, as long as every node uses the same one.
ADVISORY_LOCK = 0x0571A21

# Where a connection keeps what the server warned of.
WARNINGS = "ostiary_warnings"
# Classes of SQLSTATE: the connection is lost, the server is being stopped, or its system fails.
GOING = ("08", "57", "58", "XX")

log = structlog.get_logger(__name__)


class Store:
    """The slow lane's door to the database. Services get a Session from here and never commit."""

    def __init__(self, settings: Settings) -> None:
        self.url = _parse(settings.store_url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database or "")
        self.wal_lock: WalLock | None = None
        self.deadlines: Deadlines | None = None
        if self.is_sqlite:
            self.engine = self._sqlite_engine()
        else:
            self.engine = sa.create_engine(
                self.url,
                connect_args={name: value for name, value in PATIENCE.items() if name not in self.url.query},
                hide_parameters=True,
                pool_size=POOL_SIZE,
                max_overflow=POOL_OVERFLOW,
                pool_timeout=POOL_WAIT_SECONDS,
                pool_pre_ping=True,
            )
            sa.event.listen(self.engine, "connect", _collect_warnings)
            self.deadlines = Deadlines(self.engine)
        self._writer = self.engine.execution_options(ostiary_writes=True)
        # What has to be written elsewhere first; when it raises, nothing is committed.
        self.before_commit: Callable[[Session], None] = _nothing
        # Set by every commit of this process, for whoever works off what commits leave behind.
        self.written = threading.Event()

    def _sqlite_engine(self) -> sa.Engine:
        wal_lock = self.wal_lock = sqlite.prepare_file(self.path)
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite.connect(self.path, wal_lock),
            poolclass=sa.QueuePool,
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
        )
        sa.event.listen(engine, "begin", _begin_on_sqlite)
        sa.event.listen(engine, "checkout", _refuse_ghosts)
        return engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view that nothing is written through; raises StoreUnavailable when the database is away."""
        with _translated(), Session(self.engine, expire_on_commit=False) as db:
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """All or nothing: committed and synced when the block ends, undone when it raises."""
        with _translated(), self._alone(), Session(self._writer, expire_on_commit=False) as db:
            yield db
            self.before_commit(db)
            if clock.watch.is_wrong:
                raise ClockWrong("the machine's clock was set by more than a minute")
            self._commit(db)
            self.written.set()
            self._checkpoint()

    def _commit(self, db: Session) -> None:
        """Raises OutcomeUnknown when nobody can say whether it is done, or would survive the loss of this database."""
        warnings = db.connection().connection.info.get(WARNINGS, [])
        warnings.clear()
        try:
            db.commit()
        except (OperationalError, InterfaceError) as error:
            if self.is_sqlite or _is_refusal(error):
                raise
            raise OutcomeUnknown("the connection was lost while it was committed") from error
        if warnings:
            raise OutcomeUnknown(f"committed here, and perhaps nowhere else: {warnings[0]}")

    @contextlib.contextmanager
    def changing_schema(self) -> Iterator[sa.Connection]:
        """A connection for migrations: on SQLite always under the lock, whatever its version."""
        lock = self.wal_lock.held() if self.wal_lock else contextlib.nullcontext()
        with _translated(), lock, self._writer.connect() as connection:
            yield connection

    def serialize(self, db: Session) -> None:
        """Wait until no other process is inside the same kind of block; ends with the transaction."""
        # On SQLite the block began with BEGIN IMMEDIATE, which already is that.
        if not self.is_sqlite:
            db.execute(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK).select())

    def is_alone(self, db: Session, digest: bytes) -> bool:
        """Whether no other unit of work asked this about the same thing and goes on; ends with the transaction."""
        # As above: on SQLite whoever writes is alone.
        if self.is_sqlite:
            return True
        number = int.from_bytes(digest[:8], signed=True)
        return bool(db.scalar(sa.func.pg_try_advisory_xact_lock(number).select()))

    def moment(self, db: Session) -> dt.datetime:
        """What time the database server thinks it is; SQLite has no clock of its own."""
        return clock.now() if self.is_sqlite else db.execute(sa.func.clock_timestamp().select()).scalar_one()

    def close(self) -> None:
        """Ends every connection: those that wait now, those at work when they come back."""
        sa.event.listen(self.engine, "checkin", _end)
        self.engine.dispose()

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        if self.wal_lock is not None and sqlite.NEEDS_LOCK:
            return self.wal_lock.held()
        return contextlib.nullcontext()

    def _checkpoint(self) -> None:
        if not self.is_sqlite or not sqlite.NEEDS_LOCK:
            return
        try:
            with self.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if isinstance(raw, sqlite.Connection):
                    sqlite.checkpoint_if_large(raw, self.path)
        except (sa.exc.SQLAlchemyError, sqlite3.Error):
            # What was written is committed, so nobody may hear that it was not; the next commit tries again.
            log.warning("checkpoint_failed", exc_info=True)


def _nothing(_db: Session) -> None:
    pass


def _begin_on_sqlite(connection: sa.Connection) -> None:
    # Taking the write lock at once means a unit of work never fails half-way because another one was faster.
    writes = connection.get_execution_options().get("ostiary_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _collect_warnings(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - psycopg's own
    """A commit that no longer waits for the synchronous standby succeeds with a warning."""
    warnings: list[str] = record.info.setdefault(WARNINGS, [])

    def collect(told: Any) -> None:  # noqa: ANN401 - psycopg's own
        if told.severity_nonlocalized == "WARNING":
            warnings.append(f"{told.message_primary}")

    connection.add_notice_handler(collect)


def _is_refusal(error: DBAPIError) -> bool:
    """Whether the server itself said no, and goes on: then nothing was committed."""
    state = getattr(error.orig, "sqlstate", None)
    return state is not None and not state.startswith(GOING)


def _refuse_ghosts(connection: object, _record: object, _proxy: object) -> None:
    # The pool answers this by opening the file that is there now.
    if isinstance(connection, sqlite.Connection) and connection.is_ghost():
        raise sa.exc.DisconnectionError("the database file was moved or replaced")


def _end(_connection: object, entry: ConnectionPoolEntry) -> None:
    entry.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreUnavailable("the database did not answer") from error
    except DatabaseError as error:
        # Neither wrong data nor wrong SQL: SQLite says this of a file that is damaged or none of its own.
        if type(error) is not DatabaseError:
            raise
        raise StoreUnavailable("the database cannot be read") from error


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        backend, driver = parsed.get_backend_name(), parsed.get_driver_name()
    except (ArgumentError, sa.exc.NoSuchModuleError):
        backend, driver = "", ""
    if (backend, driver) not in {("sqlite", "pysqlite"), ("postgresql", "psycopg")}:
        raise ConfigurationError("OSTIARY_DATABASE_URL must begin with sqlite:/// or postgresql://")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError("OSTIARY_DATABASE_URL must name a file, as in sqlite:////var/lib/ostiary/ostiary.db")
    return parsed
