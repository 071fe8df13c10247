"""An open-loop load: requests leave by a fixed schedule, and latency counts from the planned time, not the actual one.

A driver that waits for the answer before it plans the next request asks a stalled server hardly anything and so hardly
notices the stall (coordinated omission). Here everything that was due during a stall is counted with its whole wait.
Runs as a process of its own and turns without sleeping: timers of an event loop are too coarse for 20,000 requests/s.
"""

import json
import select
import socket
import sys
import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.exchange import HOST, read_requests

GRACE_SECONDS = 5.0
KEPT_BODIES = 20
CLOSING = b"\r\nconnection: close"


@dataclass(frozen=True)
class Plan:
    port: int
    rate: float
    seconds: float
    connections: int = 64


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        ordered = sorted(seconds)

        def at(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

        return cls(at(0.5), at(0.9), at(0.99), at(0.999), ordered[-1] * 1000)


@dataclass(frozen=True)
class Outcome:
    planned: int
    answered: int
    bad: int
    unanswered: int
    seconds: float
    latency: Latency
    # How late the driver itself was, with a free connection at hand: its own fault, not the server's.
    lag_p99_ms: float
    lag_max_ms: float
    # Requests that found every connection busy. They wait, and the wait counts.
    queued: int
    # Connections that the server closed with an answer, as it does when it is about to end.
    reconnected: int
    # Share of turns' time in which there was nothing to do. Near zero, the driver is the bottleneck.
    spare: float
    bodies: list[tuple[int, str]]

    @property
    def driver_fell_behind(self) -> bool:
        return self.lag_p99_ms > 0.5 or self.spare < 0.05


@dataclass
class Line:
    """One connection and the request under way on it."""

    connection: socket.socket
    number: int = -1
    due: float = 0.0
    received: bytes = b""


@dataclass
class Tally:
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    lags: "array[float]" = field(default_factory=lambda: array("d"))
    bodies: list[tuple[int, str]] = field(default_factory=list)
    sent: int = 0
    answered: int = 0
    bad: int = 0
    queued: int = 0
    reconnected: int = 0
    idle_seconds: float = 0.0


def length_of(answer: bytes) -> int:
    """Of the whole answer, or 0 while its head is incomplete."""
    head, end, _ = answer.partition(b"\r\n\r\n")
    if not end:
        return 0
    _, name, value = head.lower().partition(b"\r\ncontent-length:")
    if not name:
        raise ValueError(f"The answer has no length: {head[:200]!r}")
    return len(head) + 4 + int(value.partition(b"\r\n")[0])


class Driver:
    def __init__(self, plan: Plan, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.port = plan.port
        self.total = int(plan.rate * plan.seconds)
        self.gap = 1 / plan.rate
        self.keep_every = max(1, self.total // KEPT_BODIES)
        self.tally = Tally()
        self.poll = select.epoll()
        self.busy: dict[int, Line] = {}
        self.idle = deque(self.connect() for _ in range(plan.connections))

    def connect(self) -> Line:
        connection = socket.create_connection((HOST, self.port), timeout=GRACE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self.poll.register(connection.fileno(), select.EPOLLIN)
        return Line(connection)

    def run(self) -> Outcome:
        tally = self.tally
        # The pause lets the server settle its new connections before the schedule begins.
        start = time.perf_counter() + 0.1
        deadline = start + self.total * self.gap + GRACE_SECONDS
        before, now = start, time.perf_counter()
        while now < deadline and (tally.sent < self.total or self.busy):
            sent = self.send_what_is_due(start, before, now)
            received = self.receive()
            before, now = now, time.perf_counter()
            if not sent and not received:
                tally.idle_seconds += now - before
        return self.outcome(start, now)

    def send_what_is_due(self, start: float, before: float, now: float) -> bool:
        tally = self.tally
        first = tally.sent
        while tally.sent < self.total and self.idle:
            due = start + tally.sent * self.gap
            if due > now:
                break
            # What was due in an earlier turn was held back by busy connections; the rest is the driver's own delay.
            if due > before:
                tally.lags.append(now - due)
            else:
                tally.queued += 1
            self.send(self.idle.popleft(), tally.sent, due)
            tally.sent += 1
        return tally.sent > first

    def send(self, line: Line, number: int, due: float) -> None:
        line.number, line.due, line.received = number, due, b""
        self.busy[line.connection.fileno()] = line
        request = self.requests[number % len(self.requests)]
        try:
            if line.connection.send(request) != len(request):
                raise RuntimeError("A request did not fit into the socket's buffer.")
        except ConnectionError:
            self.fail(line)

    def receive(self) -> bool:
        events = self.poll.poll(0)
        for descriptor, _ in events:
            line = self.busy.get(descriptor)
            if line is None:
                self.drop_idle(descriptor)
                continue
            try:
                part = line.connection.recv(65536)
            except ConnectionError:
                part = b""
            if not part:
                self.fail(line)
                continue
            line.received += part
            if len(line.received) == length_of(line.received):
                self.finish(line)
        return bool(events)

    def finish(self, line: Line) -> None:
        tally = self.tally
        tally.latencies.append(time.perf_counter() - line.due)
        tally.answered += 1
        if not line.received.startswith(b"HTTP/1.1 200 "):
            tally.bad += 1
        elif line.number % self.keep_every == 0:
            tally.bodies.append((line.number % len(self.requests), line.received.partition(b"\r\n\r\n")[2].decode()))
        del self.busy[line.connection.fileno()]
        if CLOSING in line.received.partition(b"\r\n\r\n")[0].lower():
            tally.reconnected += 1
            line.connection.close()
            line = self.connect()
        self.idle.append(line)

    def fail(self, line: Line) -> None:
        self.tally.latencies.append(time.perf_counter() - line.due)
        self.tally.bad += 1
        del self.busy[line.connection.fileno()]
        line.connection.close()
        self.idle.append(self.connect())

    def drop_idle(self, descriptor: int) -> None:
        """A server may close a connection that nobody uses."""
        line = next(line for line in self.idle if line.connection.fileno() == descriptor)
        self.idle.remove(line)
        line.connection.close()
        self.idle.append(self.connect())

    def outcome(self, start: float, now: float) -> Outcome:
        tally = self.tally
        unanswered = len(self.busy) + self.total - tally.sent
        # Their wait is at least this long; leaving them out would hide the worst.
        waits = [now - line.due for line in self.busy.values()]
        waits += [now - (start + number * self.gap) for number in range(tally.sent, self.total)]
        lags = sorted(tally.lags) or [0.0]
        for line in [*self.busy.values(), *self.idle]:
            line.connection.close()
        self.poll.close()
        return Outcome(
            planned=self.total,
            answered=tally.answered,
            bad=tally.bad,
            unanswered=unanswered,
            seconds=now - start,
            latency=Latency.of([*tally.latencies, *waits]),
            lag_p99_ms=lags[int(0.99 * len(lags))] * 1000,
            lag_max_ms=lags[-1] * 1000,
            queued=tally.queued,
            reconnected=tally.reconnected,
            spare=tally.idle_seconds / (now - start),
            bodies=tally.bodies,
        )


def run(plan: Plan, requests: Sequence[bytes]) -> Outcome:
    return Driver(plan, requests).run()


def main() -> None:
    """`python -m bench.driver REQUESTS PLAN`: what bench.latency starts."""
    requests, plan = Path(sys.argv[1]), json.loads(sys.argv[2])
    json.dump(asdict(run(Plan(**plan), read_requests(requests))), sys.stdout)


if __name__ == "__main__":
    main()
