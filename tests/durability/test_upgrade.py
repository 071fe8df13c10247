"""The next release changes the schema while this one serves: it adds, and once all nodes have it, it takes away."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

import ostiary
from ostiary import migrations
from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from tests.durability.installation import Installation, installed
from tests.live import STOP_SECONDS, LiveServer, free_port, start_server
from tests.postgres import Postgres
from tests.server.conftest import eventually
from tests.server.test_leaving import UNLIMITED, Caller
from tests.server.test_life import refused_start

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
    op.execute("UPDATE schema_support SET oldest_revision = '9001'")
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
    def working(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.is_over.set()
            self.join(STOP_SECONDS)
        assert self.lost == []
        assert self.made


@dataclass(frozen=True)
class Asks:
    """What programs go on asking: for tokens, and for their banks."""

    body: bytes
    authorization: str

    @classmethod
    def of(cls, place: Installation, keys: int) -> "tuple[Asks, Maker]":
        """Of the last of so many keys, with somebody who makes more of them."""
        bank = place.office.bank()
        for _ in range(keys):
            pair = place.office.key(bank)
        sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
        answer = httpx2.post(f"{place.live.base_url}/oauth/token", json=sent)
        return cls(json.dumps(sent).encode(), f"Bearer {answer.json()['access_token']}"), Maker(place, bank)

    def callers(self, port: int) -> list[Caller]:
        return [
            Caller(port, "POST", "/oauth/token", self.body),
            Caller(port, "GET", "/api/banks", b"", authorization=self.authorization),
        ]


class Node:
    """One server of several, and two callers who stay with it as long as it lets them in."""

    def __init__(self, live: LiveServer, asks: Asks) -> None:
        self.live = live
        self._asks = asks
        self._callers = asks.callers(live.port)
        for each in self._callers:
            each.start()

    def answers(self) -> list[int]:
        return [caller.answers for caller in self._callers]

    def give_way(self, release: Mapping[str, str]) -> "Node":
        """To a node of another release, which is there before this one leaves."""
        successor = Node(LiveServer({**self.live.env, **release}, free_port()), self._asks)
        time.sleep(BUSY_SECONDS)
        self.leave()
        return successor

    def leave(self) -> None:
        self.live.process.terminate()
        self.live.process.wait(STOP_SECONDS)
        for caller in self._callers:
            caller.join(STOP_SECONDS)
        assert [each for caller in self._callers for each in caller.lost] == []
        assert all(caller.answers for caller in self._callers)


@contextmanager
def nodes_of(place: Installation, number: int, asks: Asks) -> Iterator[list[Node]]:
    """All on one database; whoever is left in the end leaves in good order."""
    nodes = [Node(place.live, asks)]
    try:
        nodes += [Node(LiveServer(place.live.env, free_port()), asks) for _ in range(number - 1)]
        yield nodes
        for node in nodes:
            node.leave()
    finally:
        for node in nodes:
            node.live.kill()


def later_release(folder: Path, *changes: tuple[str, str, str]) -> dict[str, str]:
    """The environment in which `ostiary` is this release with more migrations; each has a revision, the one before it,
    and what it does."""
    shutil.copytree(Path(ostiary.__file__).parent, folder / "ostiary", ignore=shutil.ignore_patterns("__pycache__"))
    migrated = folder / "ostiary" / "migrations"
    for revision, before, body in changes:
        (migrated / "versions" / f"{revision}.py").write_text(
            MIGRATION.format(revision=revision, before=before, body=body)
        )
    head = migrated / "__init__.py"
    text = head.read_text()
    changed = text.replace(f'HEAD = "{migrations.HEAD}"', f'HEAD = "{changes[-1][0]}"')
    assert changed != text
    head.write_text(changed)
    return {"PYTHONPATH": str(folder)}


def fill(store: Store) -> None:
    """What a release does that has added a column: it fills it, a few rows at a time."""
    with store.reading() as db:
        guids = list(db.scalars(sa.text("SELECT guid FROM applications")))
    for first in range(0, len(guids), 500):
        with store.writing() as db:
            some = [{"guid": guid} for guid in guids[first : first + 500]]
            db.execute(sa.text("UPDATE applications SET nickname = name WHERE guid = :guid"), some)


@pytest.mark.only_long
def test_changes_release_node_by_node_while_all_are_asked(
    place: Installation, tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    """The next release adds to the schema, the one after it takes that away; no request is lost."""
    adds = ("9001", migrations.HEAD, ADDS)
    wider = later_release(tmp_path / "wider", adds)
    narrower = later_release(tmp_path / "narrower", adds, ("9002", "9001", TAKES_AWAY))
    store = place.office.house.store
    asks, maker = Asks.of(place, count(200, 5000))
    with maker.working(), nodes_of(place, count(2, 4), asks) as nodes:
        for release in (wider, narrower):
            for number, node in enumerate(nodes):
                nodes[number] = node.give_way(release)
                if release is wider and number == 0:
                    assert migrations.revision(store) == "9001"
                    fill(store)
                    # A node of this release that is restarted meanwhile comes up.
                    with start_server(place.live.env, free_port()) as other:
                        assert other.is_ready()
        assert migrations.revision(store) == "9002"
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
    asks, maker = Asks.of(place, 1)
    with maker.working(), nodes_of(place, 1, asks) as [node]:
        with store.reading() as db:
            assert db.scalar(sa.text("SELECT count(*) FROM applications"))
            change.start()
            for _ in range(3):
                before = node.answers()
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        now > asked + 5 for now, asked in zip(node.answers(), before, strict=True)
                    )
                )
        change.join(STOP_SECONDS)
        assert migrations.revision(store) == "9001"
