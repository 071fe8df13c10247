"""The fast lane's look-ups: all of one loop turn in one query, on SQLite inline on the event loop.

Both answer the same statement, written once over the values that are `asked`. Nothing is cached.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, islice
from time import monotonic
from typing import Any, NamedTuple, Protocol, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ostiary.db import sqlite
from ostiary.db.deadlines import cut
from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable

WAIT_SECONDS = 2.0
MOST_PER_QUERY = 500
LOOK_AGAIN_SECONDS = 1.0

Row = Sequence[Any]


@dataclass(frozen=True)
class Asked:
    """The values looked for: one set of parameters, or a relation with a numbered row for each of many sets."""

    n: sa.ColumnElement[int]
    values: Mapping[str, sa.ColumnElement[Any]]
    relation: sa.FromClause | None = None
    # Whether the database takes so much longer for a row it finds that whoever asks could tell.
    shows_misses: bool = False

    def or_neighbour(self, name: str, column: InstrumentedAttribute[str]) -> "Asked":
        """The same, where a value that is not in the column costs what one costs that is.

        The row of its neighbour is found and sent instead. It has no number, and so belongs to nobody.
        """
        if not self.shows_misses:
            return self
        sent, other = self.values[name], getattr(aliased(column.class_), column.key)
        below, first = sa.select(sa.func.max(other)).where(other <= sent), sa.select(sa.func.min(other))
        nearest = sa.func.coalesce(below.scalar_subquery(), first.scalar_subquery())
        return replace(self, n=sa.case((column == sent, self.n)), values={**self.values, name: nearest})

    def beside(self, table: sa.FromClause) -> sa.FromClause:
        """What a statement selects from, before its joins."""
        return table if self.relation is None else self.relation.join(table, sa.true())


# Builds the statement; `n` must come first in what it selects.
Statement = Callable[[Asked], sa.Select[*tuple[Any, ...]]]


class Lookup(Protocol):
    """Answers with the rows that match one set of values; raises StoreUnavailable."""

    @property
    def waits(self) -> bool:
        """False where the database is so near that no answer is awaited."""

    async def __call__(self, *values: str) -> Sequence[Row]: ...

    async def each(self, firsts: Sequence[str], /, *common: str) -> list[list[Row]]:
        """For each of many first values, all as they are at one moment; what follows them is the same for all."""


class FastReads(Protocol):
    def lookup(self, columns: Sequence[str], statement: Statement) -> Lookup: ...

    async def close(self) -> None: ...


def open_reads(store: Store) -> FastReads:
    return SqliteReads(store) if store.is_sqlite else PostgresReads(store)


class SqliteReads:
    """A few microseconds each, so they need neither a thread nor a wait."""

    def __init__(self, store: Store) -> None:
        assert store.wal_lock is not None  # noqa: S101 - a SQLite store has one
        self._store = store
        self._connection = sqlite.connect_reader(store.path, store.wal_lock)
        # One for all: every read is over before the next begins.
        self._cursor = self._connection.cursor()
        self._look_again_at = 0.0

    def lookup(self, columns: Sequence[str], statement: Statement) -> Lookup:
        return _Inline(self, *_prepared(tuple(columns), statement))

    async def close(self) -> None:
        self._connection.close()

    def rows(self, prepared: "_Prepared", values: Sequence[str]) -> list[Row]:
        try:
            if monotonic() > self._look_again_at:
                self._look_again()
            return self._cursor.execute(prepared.sql, [values[place] for place in prepared.places]).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable("the database did not answer") from error

    def _look_again(self) -> None:
        """A file that was moved, deleted or replaced is noticed within a second."""
        if self._connection.is_ghost():
            fresh = sqlite.connect_reader(self._store.path, self._connection.wal_lock)
            self._connection.close()
            self._connection, self._cursor = fresh, fresh.cursor()
        self._look_again_at = monotonic() + LOOK_AGAIN_SECONDS


class _Prepared(NamedTuple):
    """A statement, and which of the values stand at its question marks."""

    sql: str
    places: Sequence[int]

    @classmethod
    def of(cls, statement: sa.Select[*tuple[Any, ...]], columns: Sequence[str]) -> "_Prepared":
        compiled = statement.compile(dialect=pysqlite.dialect(paramstyle="qmark"))
        return cls(str(compiled), [columns.index(name) for name in compiled.positiontup or ()])


@lru_cache
def _prepared(columns: tuple[str, ...], statement: Statement) -> tuple[_Prepared, _Prepared]:
    """For one set of values, and for many first ones."""
    binds = {name: sa.bindparam(name, type_=sa.String) for name in columns}
    one = Asked(sa.literal_column("0", sa.Integer), binds)
    each = sa.func.json_each(binds[columns[0]]).table_valued("key", "value", name="asked")
    many = Asked(each.c.key, {**binds, columns[0]: each.c.value}, each)
    return _Prepared.of(statement(one), columns), _Prepared.of(statement(many), columns)


class _Inline:
    waits = False

    def __init__(self, reads: SqliteReads, one: _Prepared, many: _Prepared) -> None:
        self._reads = reads
        self._one = one
        self._many = many

    async def __call__(self, *values: str) -> Sequence[Row]:
        return self._reads.rows(self._one, values)

    async def each(self, firsts: Sequence[str], *common: str) -> list[list[Row]]:
        if len(firsts) == 1:
            # A relation of one row costs a third more than the row.
            return [self._reads.rows(self._one, [*firsts, *common])]
        found: list[list[Row]] = [[] for _ in firsts]
        for row in self._reads.rows(self._many, [msgspec.json.encode(firsts).decode(), *common]):
            found[row[0]].append(row)
        return found


class PostgresReads:
    """One connection per process, opened at first use and again after it was lost."""

    def __init__(self, store: Store) -> None:
        self._conninfo = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._dialect = store.engine.dialect
        # psycopg as the engine has loaded it: an SQLite server has no use for its nine megabytes.
        self._driver = cast("Any", self._dialect).loaded_dbapi
        self._connection: Any = None
        self._turn = asyncio.Lock()

    def lookup(self, columns: Sequence[str], statement: Statement) -> Lookup:
        arrays = [sa.bindparam(c, type_=sa.ARRAY(sa.String)) for c in columns]
        asked = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="n", name="asked").render_derived()
        compiled = statement(Asked(asked.c.n, dict(asked.c), asked, shows_misses=True)).compile(dialect=self._dialect)
        return _Batched(self, str(compiled), columns)

    async def query(self, sql: str, parameters: dict[str, list[str]]) -> list[Row]:
        """Every row of one batch; raises StoreUnavailable after two seconds, whatever the database is doing."""
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
            try:
                return await self._execute_until(until, sql, parameters)
            finally:
                self._turn.release()
        except (self._driver.Error, TimeoutError, OSError) as error:
            raise StoreUnavailable("the database did not answer") from error

    async def _execute_until(self, until: float, sql: str, parameters: dict[str, list[str]]) -> list[Row]:
        loop = asyncio.get_running_loop()
        # A query that is cancelled waits for a paused server to hear of it; one whose connection is cut does not.
        end = loop.call_at(until, self._cut)
        try:
            try:
                return await self._execute(until, sql, parameters)
            except self._driver.OperationalError:
                if loop.time() >= until:
                    raise
                # The database may have restarted since the last query: a read can simply be repeated.
                await self.close()
                return await self._execute(until, sql, parameters)
        except BaseException:
            await self.close()
            raise
        finally:
            end.cancel()

    def _cut(self) -> None:
        if self._connection is not None:
            cut(self._connection)

    async def _execute(self, until: float, sql: str, parameters: dict[str, list[str]]) -> list[Row]:
        if self._connection is None:
            async with asyncio.timeout_at(until):
                self._connection = await self._driver.AsyncConnection.connect(self._conninfo, autocommit=True)
        cursor = await self._connection.execute(sql, parameters, prepare=True)
        rows: list[Row] = await cursor.fetchall()
        return rows

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class _Question(NamedTuple):
    """Sets of values, and who waits for the rows of each."""

    sets: Sequence[tuple[str, ...]]
    answer: "asyncio.Future[list[list[Row]]]"


class _Batched:
    """Gathers what one turn of the loop asks, and what comes while a query is on its way, into the next query."""

    waits = True

    def __init__(self, reads: PostgresReads, sql: str, columns: Sequence[str]) -> None:
        self._reads = reads
        self._sql = sql
        self._columns = columns
        self._waiting: list[_Question] = []
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, *values: str) -> Sequence[Row]:
        [rows] = await self._answer([values])
        return rows

    async def each(self, firsts: Sequence[str], *common: str) -> list[list[Row]]:
        return await self._answer([(first, *common) for first in firsts])

    async def _answer(self, sets: Sequence[tuple[str, ...]]) -> list[list[Row]]:
        question = _Question(sets, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._drain is None:
            self._drain = asyncio.create_task(self._answer_all())
        return await question.answer

    async def _answer_all(self) -> None:
        while self._waiting:
            questions = self._next()
            try:
                found = iter(await self._rows([values for each in questions for values in each.sets]))
            except Exception as error:  # noqa: BLE001 - nobody may be left waiting, whatever went wrong
                for each in questions:
                    if not each.answer.done():
                        each.answer.set_exception(error)
                continue
            for each in questions:
                rows = list(islice(found, len(each.sets)))
                if not each.answer.done():
                    each.answer.set_result(rows)
        self._drain = None

    def _next(self) -> "list[_Question]":
        """As many as fit in a query, and one however large it is."""
        sizes = accumulate(len(each.sets) for each in self._waiting)
        fitting = max(1, sum(size <= MOST_PER_QUERY for size in sizes))
        questions, self._waiting = self._waiting[:fitting], self._waiting[fitting:]
        return questions

    async def _rows(self, sets: Sequence[tuple[str, ...]]) -> list[list[Row]]:
        columns = zip(*sets, strict=True)
        parameters = {name: list(values) for name, values in zip(self._columns, columns, strict=True)}
        found: list[list[Row]] = [[] for _ in sets]
        for row in await self._reads.query(self._sql, parameters):
            if row[0] is not None:
                found[row[0] - 1].append(row)
        return found
