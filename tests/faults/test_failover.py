"""The primary dies, stands still, or is cut off while a hundred writes a second are under way.

What was acknowledged is there afterwards, no revoked key is let in at any moment, and the service is back in time.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from ostiary.errors import OstiaryError
from ostiary.settings import Settings
from tests.durability.direct import Office, Pair, office
from tests.durability.wire import Caller
from tests.faults.patroni import CUT_OFF, TTL_SECONDS, Node, Rig, running_rig
from tests.live import MASTER_KEY, LiveServer, free_port, start_server

pytestmark = [pytest.mark.only_postgresql, pytest.mark.only_long]

WRITERS = 4
# A hundred writes a second, of all of them together.
PACE_SECONDS = 0.04
BACK_SECONDS = TTL_SECONDS + 5
CALM_SECONDS = 2


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with running_rig() as made:
        yield made


@pytest.fixture(scope="module")
def nodes(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LiveServer]]:
    env = os.environ | {
        "OSTIARY_DATABASE_URL": rig.url,
        "OSTIARY_MASTER_KEY": MASTER_KEY,
        "OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY": "off",
        "OSTIARY_LIMIT_FAILED_TOKEN_REQUESTS_PER_SOURCE": "off",
        "OSTIARY_PUBLIC_URL": "http://127.0.0.1:8400",
    }
    with contextlib.ExitStack() as stack:
        folders = [tmp_path_factory.mktemp(name) / "data" for name in ("first", "second")]
        yield [
            stack.enter_context(start_server({**env, "OSTIARY_DATA_DIR": str(folder)}, free_port()))
            for folder in folders
        ]


@pytest.fixture(scope="module")
def beside(rig: Rig, nodes: list[LiveServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    assert nodes
    folder: Path = tmp_path_factory.mktemp("office")
    settings = Settings(data_dir=folder, database_url=SecretStr(rig.url), master_key=SecretStr(MASTER_KEY))
    with office(settings) as opened:
        yield opened


@dataclass
class Work:
    """What programs and people do all the time, and what of it was acknowledged."""

    nodes: list[LiveServer]
    office: Office
    bank: str
    pair: Pair
    customers: list[str] = field(default_factory=list)
    keys: list[Pair] = field(default_factory=list)
    revoked: list[Pair] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    last_done: float = 0.0
    tried: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._make_customers, args=(node,)) for node in self.nodes for _ in range(2)]
        threads += [threading.Thread(target=each) for each in (self._make_and_revoke_keys, self._end_late)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.is_over.set()
            for each in threads:
                each.join()

    def _make_customers(self, node: LiveServer) -> None:
        token = ""
        with Caller(node.port) as caller:
            while not self.is_over.wait(PACE_SECONDS):
                self.tried += 1
                try:
                    if not token:
                        asked = caller.token(self.pair)
                        token = str(asked.body.get("access_token", ""))
                        continue
                    answer = caller.new_customer(token)
                except (OSError, HTTPException, ValueError):
                    continue
                if answer.status == 201:
                    self.customers.append(answer.body["guid"])
                    self.last_done = time.monotonic()
                elif answer.status != 503:
                    self.wrong.append(f"{answer.status} {answer.body}")

    def _end_late(self) -> None:
        """As a server does for itself."""
        deadlines = self.office.house.store.deadlines
        assert deadlines is not None
        while not self.is_over.wait(1):
            deadlines.end_late()

    def _make_and_revoke_keys(self) -> None:
        with contextlib.ExitStack() as stack:
            callers = [stack.enter_context(Caller(node.port)) for node in self.nodes]
            while not self.is_over.wait(PACE_SECONDS * 2):
                try:
                    pair = self.office.key(self.bank)
                except OstiaryError:
                    continue
                if len(self.keys) % 2:
                    self.keys.append(pair)
                    continue
                try:
                    self.office.revoke(pair.client_id)
                except OstiaryError:
                    continue
                self.keys.append(self.pair)
                self.revoked.append(pair)
                self._is_refused(callers, pair)

    def _is_refused(self, callers: list[Caller], pair: Pair) -> None:
        for caller in callers:
            with contextlib.suppress(OSError, HTTPException, ValueError):
                answer = caller.token(pair)
                if answer.status == 200:
                    self.wrong.append(f"a revoked key was let in: {pair.client_id}")


def killed(node: Node) -> None:
    node.signal(signal.SIGKILL)


def paused(node: Node) -> None:
    node.signal(signal.SIGSTOP)


def cut_off(node: Node) -> None:
    """From those who ask it, from the other node, and from etcd."""
    node.proxy.set(CUT_OFF)
    node.etcd.set(CUT_OFF)


@pytest.mark.parametrize("fault", [killed, paused, cut_off])
def test_loses_nothing_and_lets_nobody_in(
    rig: Rig,
    nodes: list[LiveServer],
    beside: Office,
    fault: Callable[[Node], None],
    count: Callable[[int, int], int],
    request: pytest.FixtureRequest,
) -> None:
    bank = beside.bank()
    for _ in range(count(1, 1)):
        rig.wait_until_whole()
        work = Work(nodes, beside, bank, beside.key(bank))
        with work.going_on():
            time.sleep(CALM_SECONDS)
            assert work.customers
            primary = rig.primary()
            began = time.monotonic()
            fault(primary)
            back = seconds_until_back(work, began)
            time.sleep(CALM_SECONDS)
            rig.heal()
            time.sleep(CALM_SECONDS)
        request.node.user_properties.append(("seconds until it was back", round(back, 1)))
        assert back < BACK_SECONDS
        assert work.wrong == []
        everything_is_there(work)


def seconds_until_back(work: Work, began: float) -> float:
    """Until the first write that was begun after the fault is acknowledged."""
    time.sleep(0.5)
    while time.monotonic() - began < BACK_SECONDS * 3:
        before = len(work.customers)
        time.sleep(0.2)
        if len(work.customers) > before + 1:
            return work.last_done - began
    raise AssertionError("it did not come back")


def everything_is_there(work: Work) -> None:
    with work.office.house.store.reading() as db:
        stored = set(db.scalars(sa.text("SELECT guid FROM customers")))
    assert set(work.customers) <= stored
    assert work.revoked
    for node in work.nodes:
        with Caller(node.port) as caller:
            assert {caller.token(pair).status for pair in work.keys} == {200}
            assert {caller.token(pair).status for pair in work.revoked} == {401}
