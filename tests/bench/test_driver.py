"""The open-loop driver counts a stall for everybody who would have come meanwhile."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.driver import Outcome, Plan, run

RATE = 500
SECONDS = 2.0
STALL_SECONDS = 0.2
CONNECTIONS = 4
REQUEST = b"GET / HTTP/1.1\r\nHost: toy\r\n\r\n"
ANSWER = b"HTTP/1.1 %d Toy\r\nContent-Length: 2\r\n\r\n{}"


class Toy:
    """One thread that answers everybody in turn, so one long answer makes all wait."""

    def __init__(self, stall_at: int | None = None, status: int = 200, last_of: int = 0) -> None:
        self.stall_at = stall_at
        # Every so many answers one is the last of its connection, and says so.
        self.last_of = last_of
        self.answer = ANSWER % status
        self.answered = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.stopping = False

    def serve(self) -> None:
        with selectors.DefaultSelector() as selector, self.listener:
            selector.register(self.listener, selectors.EVENT_READ)
            while not self.stopping:
                for key, _ in selector.select(0.05):
                    if key.fileobj is self.listener:
                        selector.register(self.listener.accept()[0], selectors.EVENT_READ)
                    elif isinstance(key.fileobj, socket.socket):
                        self.reply(selector, key.fileobj)
            for key in list(selector.get_map().values()):
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.close()

    def reply(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        if not connection.recv(4096):
            selector.unregister(connection)
            connection.close()
            return
        if self.answered == self.stall_at:
            time.sleep(STALL_SECONDS)
        self.answered += 1
        if self.last_of and self.answered % self.last_of == 0:
            connection.sendall(self.answer.replace(b"Toy\r\n", b"Toy\r\nConnection: close\r\n"))
            selector.unregister(connection)
            connection.close()
            return
        connection.sendall(self.answer)


@contextmanager
def serving(toy: Toy) -> Iterator[Toy]:
    thread = threading.Thread(target=toy.serve)
    thread.start()
    try:
        yield toy
    finally:
        toy.stopping = True
        thread.join()


def load(toy: Toy, *, rate: float = RATE, seconds: float = SECONDS) -> Outcome:
    with serving(toy):
        return run(Plan(toy.port, rate, seconds, CONNECTIONS), [REQUEST])


def test_counts_a_stall_for_everything_that_was_due_meanwhile() -> None:
    outcome = load(Toy(stall_at=300))
    assert outcome.answered == outcome.planned == RATE * SECONDS
    assert outcome.latency.max >= STALL_SECONDS * 1000
    assert outcome.latency.p999 >= 0.9 * STALL_SECONDS * 1000
    # A tenth of all requests were due during the stall. Counted from when they were sent, only the four that
    # had a connection would be late: 0.4 %, and p99 would look splendid.
    assert outcome.latency.p99 >= 0.7 * STALL_SECONDS * 1000
    assert outcome.queued >= RATE * STALL_SECONDS / 2


def test_keeps_its_schedule_with_a_quick_server() -> None:
    outcome = load(Toy())
    assert outcome.answered == outcome.planned
    assert outcome.bad == outcome.unanswered == 0
    assert outcome.latency.p50 < STALL_SECONDS * 1000 / 4
    assert 0.9 * SECONDS < outcome.seconds < SECONDS + 1


def test_keeps_some_bodies_and_knows_their_requests() -> None:
    outcome = load(Toy(), seconds=0.5)
    assert len(outcome.bodies) >= 20
    assert {number for number, _ in outcome.bodies} == {0}
    assert {body for _, body in outcome.bodies} == {"{}"}


def test_counts_other_answers_than_200_as_bad() -> None:
    outcome = load(Toy(status=503), rate=100, seconds=0.5)
    assert (outcome.bad, outcome.answered, outcome.bodies) == (50, 50, [])


def test_opens_another_connection_where_an_answer_was_the_last() -> None:
    outcome = load(Toy(last_of=10), seconds=0.5)
    assert (outcome.bad, outcome.unanswered) == (0, 0)
    assert outcome.answered == outcome.planned
    assert outcome.reconnected == outcome.planned // 10
