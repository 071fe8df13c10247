"""Many writers at once, in threads and processes: nothing is lost and nobody is turned away."""

import subprocess
import sys
import threading
from collections.abc import Callable

import sqlalchemy as sa

from tests.durability.installation import Installation
from tests.durability.wire import Caller
from tests.live import COMMAND_SECONDS

THREADS = 4

# Adds one to the same number again and again: a lost update would be a number that is missing in the end.
COUNTS_UP = """
import sys
import sqlalchemy as sa
from ostiary.cli.session import house
with house() as opened:
    for _ in range(int(sys.argv[2])):
        with opened.store.writing() as db:
            before = db.scalar(sa.text("SELECT name FROM banks WHERE guid = :guid FOR UPDATE"
                if not opened.store.is_sqlite else "SELECT name FROM banks WHERE guid = :guid"), {"guid": sys.argv[1]})
            db.execute(sa.text("UPDATE banks SET name = :name WHERE guid = :guid"),
                {"name": str(int(before) + 1), "guid": sys.argv[1]})
"""


def create_customers(place: Installation, bank_guid: str, number: int, answers: list[int]) -> None:
    pair = place.office.key(bank_guid)
    with Caller(place.live.port) as caller:
        token = str(caller.token(pair).body["access_token"])
        for _ in range(number):
            answers.append(caller.new_customer(token).status)
            answers.append(caller.token(pair).status)


def test_loses_no_write_among_many(place: Installation, count: Callable[[int, int], int]) -> None:
    office, each = place.office, count(25, 300)
    bank, number = office.bank(), office.bank("0")
    counting = [
        subprocess.Popen([sys.executable, "-c", COUNTS_UP, number, str(each)], env=place.live.env) for _ in range(2)
    ]
    answers: list[int] = []
    threads = [threading.Thread(target=create_customers, args=(place, bank, each, answers)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(COMMAND_SECONDS) for process in counting] == [0, 0]
    assert sorted(answers) == [200] * THREADS * each + [201] * THREADS * each
    with office.house.store.reading() as db:
        assert db.scalar(sa.text("SELECT name FROM banks WHERE guid = :guid"), {"guid": number}) == str(2 * each)
        made = sa.text("SELECT count(*) FROM customers WHERE bank_guid = :guid")
        assert db.scalar(made, {"guid": bank}) == THREADS * each
        events = sa.text("SELECT count(*) FROM events WHERE event_type = 'customer.created' AND bank_guid = :guid")
        assert db.scalar(events, {"guid": bank}) == THREADS * each
