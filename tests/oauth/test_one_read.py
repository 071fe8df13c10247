"""A token costs exactly one read of the database, and so does a bearer check; both find everything by index."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from ostiary.db.fast_reads import PostgresReads, SqliteReads
from ostiary.db.store import Store
from tests.oauth.desk import Desk

Heard = list[tuple[str, Any]]
Tell = Callable[[tuple[str, Any]], None]


@pytest.fixture
def heard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Every statement that reaches the database from now on, by whichever connection."""
    found: Heard = []
    reads = desk.ostiary._reads
    if isinstance(reads, PostgresReads):
        hear_postgres(reads, found.append, monkeypatch)
    else:
        hear_sqlite(reads, found.append)

    @sa.event.listens_for(desk.store.engine, "before_cursor_execute")
    def hear(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        found.append((statement, parameters))

    return found


def hear_sqlite(reads: Any, tell: Tell) -> None:  # noqa: ANN401 - one of two kinds
    assert isinstance(reads, SqliteReads)
    reads._connection.set_trace_callback(lambda statement: tell((statement, ())))


def hear_postgres(reads: PostgresReads, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = reads._execute

    async def execute(until: float, sql: str, parameters: dict[str, list[str]]) -> list[Sequence[Any]]:
        tell((sql, parameters))
        return await as_always(until, sql, parameters)

    monkeypatch.setattr(reads, "_execute", execute)


def test_reads_once_for_a_token(desk: Desk, heard: Heard) -> None:
    for _ in range(3):
        heard.clear()
        assert desk.ask(desk.north).status == 200
        assert len(heard) == 1, heard


def test_reads_once_for_all_tokens_of_a_turn(desk: Desk, heard: Heard) -> None:
    ids = [desk.north.client_id, desk.acme.client_id, "ostid_" + "0" * 38]
    kid = desk.ostiary.keys.current_kid
    lookup = desk.ostiary.token.lookup
    rows = desk.runner.run(lookup.each(ids, kid))
    assert [len(each) for each in rows] == [1, 1, 0]
    assert len(heard) == 1, heard
    assert walks(plan(desk.store, *heard[0])) == []


def test_reads_once_to_refuse_a_secret_or_a_stranger(desk: Desk, heard: Heard) -> None:
    wrong = replace(desk.north, secret=desk.acme.secret)
    stranger = replace(desk.north, client_id="ostid_" + "0" * 38)
    for key in (wrong, stranger):
        heard.clear()
        assert desk.ask(key).status == 401
        assert len(heard) == 1, heard


def test_reads_once_to_know_a_token(desk: Desk, heard: Heard) -> None:
    # Without the scope the door is shut before the route reads anything of its own.
    token = desk.token(desk.north, "customers:read")
    for _ in range(3):
        heard.clear()
        assert desk.show(token).status == 403
        assert len([statement for statement, _ in heard if statement.lstrip().startswith("SELECT")]) == 1, heard


def test_reads_nothing_for_a_token_that_is_forged(desk: Desk, heard: Heard) -> None:
    token = desk.token(desk.north)
    heard.clear()
    assert desk.show(token[:-4] + "AAAA").status == 401
    assert heard == []


def test_finds_everything_by_index(desk: Desk, heard: Heard) -> None:
    token = desk.token(desk.north, "customers:read")
    asked_for_a_token = heard.pop()
    heard.clear()
    desk.show(token)
    for statement, parameters in (asked_for_a_token, heard[0]):
        steps = plan(desk.store, statement, parameters)
        assert any("applications" in step for step in steps)
        assert walks(steps) == []


def test_opens_no_row_of_a_key_its_secret_or_its_bank(desk: Desk, heard: Heard) -> None:
    """Among a million, each would be on a page that nobody else needs. PostgreSQL decides by what its tables hold."""
    desk.token(desk.north)
    steps = plan(desk.store, *heard.pop())
    if desk.store.is_sqlite:
        ids = [desk.north.client_id, desk.acme.client_id]
        desk.runner.run(desk.ostiary.token.lookup.each(ids, desk.ostiary.keys.current_kid))
        steps = [*steps, *plan(desk.store, *heard.pop())]
        assert not [
            step
            for step in steps
            if "USING INDEX" in step and "organizations" not in step and "signing_keys" not in step
        ]
    for index in ("ix_applications_presented", "ix_application_secrets_presented", "ix_banks_guid_type_closed_at"):
        assert any(f"COVERING INDEX {index}" in step for step in steps) or not desk.store.is_sqlite, steps


def walks(steps: list[str]) -> list[str]:
    """Steps that look at all of a table; what was asked for is no table."""
    return [
        step for step in steps if "Seq Scan" in step or (step.startswith("SCAN ") and not step.startswith("SCAN asked"))
    ]


def plan(store: Store, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - a driver's
    """How the database goes about it, a step a line."""
    with store.reading() as db:
        if store.is_sqlite:
            return [row[3] for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
        connection = db.connection().connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        cursor = psycopg.ClientCursor(connection)
        # On a handful of rows it would walk through them, index or not.
        cursor.execute("SET LOCAL enable_seqscan = off")
        return [row[0] for row in cursor.execute(f"EXPLAIN {statement}", parameters)]
