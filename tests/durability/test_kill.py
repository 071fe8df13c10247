"""`kill -9` of whoever is writing, at any moment: what was shown works, and nothing is half there."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ostiary.db.store import Store
from tests.durability.direct import Office, Pair
from tests.durability.makers import Maker, key_maker, real_command
from tests.durability.wire import Caller
from tests.live import LiveServer

BEGIN_SECONDS = 300
LONGEST_LIFE_SECONDS = 0.25
COMMAND_LIFE_SECONDS = 1.6
SETTLE_SECONDS = 300
# What is written is looked through after every kill, so that without a pause most of the time would go there.
PACE_SECONDS = 0.005

HALF_MADE = {
    "application without secret": "SELECT count(*) FROM applications a WHERE NOT EXISTS"
    " (SELECT 1 FROM application_secrets s WHERE s.application_guid = a.guid)",
    "secret without application": "SELECT count(*) FROM application_secrets s WHERE NOT EXISTS"
    " (SELECT 1 FROM applications a WHERE s.application_guid = a.guid)",
    # Events are found by what happened when, not by their objects: asked one by one, each would be a walk over all.
    "application without event": "SELECT count(*) FROM (SELECT guid FROM applications EXCEPT"
    " SELECT object_guid FROM events WHERE event_type = 'credential.created') AS silent",
    "event without application": "SELECT count(*) FROM events e WHERE e.event_type = 'credential.created'"
    " AND NOT EXISTS (SELECT 1 FROM applications a WHERE a.guid = e.object_guid)",
    "customer without event": "SELECT count(*) FROM (SELECT guid FROM customers EXCEPT"
    " SELECT object_guid FROM events WHERE event_type = 'customer.created') AS silent",
    "customer nobody will settle": "SELECT count(*) FROM customers c WHERE c.state = 'storing' AND NOT EXISTS"
    " (SELECT 1 FROM event_deliveries d JOIN events e ON e.guid = d.event_guid WHERE e.object_guid = c.guid)",
}


class Load:
    """A program that makes customers and asks for tokens, whatever happens to the server."""

    def __init__(self, port: int, pair: Pair) -> None:
        self._port = port
        self._pair = pair
        self._ending = threading.Event()
        self.customers: list[str] = []
        self.unexpected: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def _work(self) -> None:
        with Caller(self._port) as caller:
            while not self._ending.is_set():
                try:
                    self._once(caller)
                    pause_seconds = PACE_SECONDS
                except (OSError, http.client.HTTPException):
                    pause_seconds = 0.02  # the server was killed; it comes back
                self._ending.wait(pause_seconds)

    def _once(self, caller: Caller) -> None:
        asked = caller.token(self._pair)
        if asked.status != 200:
            self.unexpected.append(f"token: {asked}")
            return
        made = caller.new_customer(asked.body["access_token"])
        if made.status == 201:
            self.customers.append(made.body["guid"])
        else:
            self.unexpected.append(f"customer: {made}")


def is_sound(store: Store) -> None:
    with store.reading() as db:
        for name, question in HALF_MADE.items():
            assert db.scalar(sa.text(question)) == 0, name
        if store.is_sqlite:
            assert db.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def authenticate(port: int, pairs: list[Pair]) -> None:
    with Caller(port) as caller:
        for pair in pairs:
            answer = caller.token(pair)
            assert answer.status == 200, f"{pair.client_id} was shown and does not work: {answer.body}"


def wait_a_little(least_seconds: float, most_seconds: float) -> None:
    time.sleep(random.uniform(least_seconds, most_seconds))  # noqa: S311  # no secret


def kill_server(live: LiveServer) -> None:
    wait_a_little(0, LONGEST_LIFE_SECONDS)
    live.kill()
    live.start()


def kill_command(live: LiveServer, bank_guid: str) -> list[Pair]:
    command = real_command(live.env, live.folder, bank_guid)
    wait_a_little(0.4, COMMAND_LIFE_SECONDS)
    return command.kill()


def kill_maker(maker: Maker) -> list[Pair]:
    assert maker.has_begun.wait(BEGIN_SECONDS)
    wait_a_little(0, LONGEST_LIFE_SECONDS)
    return maker.kill()


def test_keeps_every_shown_secret_when_killed(
    live: LiveServer, beside: Office, count: Callable[[int, int], int]
) -> None:
    bank = beside.bank()
    load = Load(live.port, beside.key(bank))
    shown: list[Pair] = []
    with load.running():
        maker = key_maker(live.env, live.folder, bank)
        for number in range(count(6, 200)):
            fresh: list[Pair] = []
            if number % 3 == 0:
                kill_server(live)
            elif number % 10 == 1:
                fresh = kill_command(live, bank)
            else:
                fresh = kill_maker(maker)
                maker = key_maker(live.env, live.folder, bank)
            is_sound(beside.house.store)
            authenticate(live.port, fresh[-20:])
            shown += fresh
        shown += maker.kill()
    authenticate(live.port, shown)
    assert shown
    assert load.customers
    assert not load.unexpected
    is_sound(beside.house.store)
    assert all_settled(beside.house.store, load.customers)


def all_settled(store: Store, guids: list[str]) -> bool:
    """Whether every acknowledged customer exists and soon leaves the state `storing`, whoever died in between."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        with store.reading() as db:
            states = {row.guid: row.state for row in db.execute(sa.text("SELECT guid, state FROM customers"))}
        assert states.keys() >= set(guids), "a customer was acknowledged and is gone"
        if set(states.values()) == {"unverified"}:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
