"""The next release changes the schema while this one serves: it adds, and once all nodes have it, it takes away."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from ostiary import migrations
from ostiary.migrations import alembic_runner
from tests.durability.installation import Installation, installed
from tests.live import STOP_SECONDS, free_port, start_server
from tests.postgres import Postgres
from tests.server.conftest import eventually
from tests.server.test_leaving import UNLIMITED, Caller
from tests.server.test_life import refused_start

CALLERS = 6
BUSY_SECONDS = 0.3

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"

def upgrade():
{body}
"""
ADDS = """
    op.add_column("applications", sa.Column("nickname", sa.String(64)))
    op.create_index("ix_applications_nickname", "applications", ["organization_guid", "nickname"])
    op.create_table("nicknames", sa.Column("guid", sa.String(32), primary_key=True))
"""
TAKES_AWAY = """
    op.drop_index("ix_applications_nickname", "applications")
    op.drop_column("applications", "nickname")
    op.drop_table("nicknames")
    op.execute("UPDATE schema_support SET oldest_revision = '9002'")
"""


@pytest.fixture
def place(postgres: Postgres | None, tmp_path: Path) -> Iterator[Installation]:
    with installed(postgres, tmp_path, **UNLIMITED) as made:
        yield made


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Adds migrations to those of this release."""
    folder = tmp_path / "next"
    folder.mkdir()
    config = alembic_runner._config()
    config.set_main_option("version_locations", os.pathsep.join([str(alembic_runner.FOLDER / "versions"), str(folder)]))
    monkeypatch.setattr(alembic_runner, "_config", lambda: config)

    def add(revision: str, before: str, body: str) -> None:
        (folder / f"{revision}.py").write_text(MIGRATION.format(revision=revision, before=before, body=body))

    return add


class Maker(threading.Thread):
    """Makes keys, one after the other, as people do."""

    def __init__(self, place: Installation, bank: str) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._bank = bank
        self.is_over = threading.Event()
        self.made = 0
        self.lost: list[str] = []

    def run(self) -> None:
        while not self.is_over.wait(0.02):
            try:
                self._place.office.key(self._bank)
                self.made += 1
            except Exception as error:  # noqa: BLE001 - whatever was lost
                self.lost.append(repr(error))


@contextmanager
def busy(place: Installation, keys: int) -> Iterator[tuple[list[Caller], Maker]]:
    """Tokens are made, the API is asked, keys are made; at the end nobody has lost anything."""
    bank = place.office.bank()
    for _ in range(keys):
        pair = place.office.key(bank)
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    body, port = json.dumps(sent).encode(), place.live.port
    answer = httpx2.post(f"{place.live.base_url}/oauth/token", json=sent)
    authorization = f"Bearer {answer.json()['access_token']}"
    callers = [Caller(port, "POST", "/oauth/token", body) for _ in range(CALLERS // 2)]
    callers += [Caller(port, "GET", "/api/banks", b"", authorization=authorization) for _ in range(CALLERS // 2)]
    maker = Maker(place, bank)
    for each in (*callers, maker):
        each.start()
    yield callers, maker
    maker.is_over.set()
    maker.join(STOP_SECONDS)
    place.live.process.terminate()
    place.live.process.wait(STOP_SECONDS)
    for caller in callers:
        caller.join(STOP_SECONDS)
    assert [*maker.lost, *(each for caller in callers for each in caller.lost)] == []
    assert maker.made
    assert all(caller.answers for caller in callers)


def test_serves_while_the_schema_grows_and_shrinks(
    place: Installation, next_release: Callable[[str, str, str], None], count: Callable[[int, int], int]
) -> None:
    store = place.office.house.store
    with busy(place, count(200, 5000)):
        time.sleep(BUSY_SECONDS)
        next_release("9001", migrations.HEAD, ADDS)
        alembic_runner.upgrade(store)
        # What the next release does, while this one goes on serving: it fills what it added, a few rows at a time.
        with store.reading() as db:
            guids = list(db.scalars(sa.text("SELECT guid FROM applications")))
        for first in range(0, len(guids), 500):
            with store.writing() as db:
                some = [{"guid": guid} for guid in guids[first : first + 500]]
                db.execute(sa.text("UPDATE applications SET nickname = name WHERE guid = :guid"), some)
        # A node of this release that is restarted meanwhile comes up.
        with start_server(place.live.env, free_port()) as other:
            assert other.is_ready()
        next_release("9002", "9001", TAKES_AWAY)
        alembic_runner.upgrade(store)
        time.sleep(BUSY_SECONDS)
    refused = refused_start(place.live.folder, {**place.live.env, "OSTIARY_PORT": str(free_port())})
    assert refused.returncode == 1
    assert "start the newer release" in refused.stderr


def test_lets_nobody_wait_behind_a_change_that_waits(
    place: Installation, next_release: Callable[[str, str, str], None]
) -> None:
    """Somebody reads for long, so the change has to wait; who asks for tokens meanwhile need not."""
    store = place.office.house.store
    next_release("9001", migrations.HEAD, ADDS)
    change = threading.Thread(target=alembic_runner.upgrade, args=(store,), daemon=True)
    with busy(place, 1) as (callers, _):
        with store.reading() as db:
            assert db.scalar(sa.text("SELECT count(*) FROM applications"))
            change.start()
            for _ in range(3):
                before = [caller.answers for caller in callers]
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        caller.answers > asked + 5 for caller, asked in zip(callers, before, strict=True)
                    )
                )
        change.join(STOP_SECONDS)
        assert migrations.revision(store) == "9001"
