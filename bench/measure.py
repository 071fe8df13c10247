"""One measurement: a load on one server, and what the server used for it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from bench.driver import Latency, Outcome, Plan
from bench.exchange import HOST, Request, ask_well, write_requests
from bench.processes import (
    ROOT,
    Cores,
    core_busy_seconds,
    cpu_seconds,
    pinned,
    preemptions,
    wait_until_quiet,
)
from bench.servers import Server

SCRIPT = Path(__file__).with_name("load.lua")
SAMPLES_UNDER_LOAD = 5
SLOW_CONNECTIONS = 2
SLOW_TIMEOUT = "30s"

# Raises when this body is not what this request must be answered with.
Check = Callable[[Request, bytes], None]


@dataclass(frozen=True)
class Target:
    name: str
    server: Server
    requests: Sequence[Request]
    check: Check
    folder: Path
    # What one must know to compare it.
    note: str = ""
    # One answer takes so long that those under way when the load ends would count: so few of them, with more patience.
    is_slow: bool = False

    @cached_property
    def file(self) -> Path:
        path = self.folder / f"{self.name.replace(' ', '-')}-{self.server.port}.requests"
        write_requests(path, [request.encoded(self.server.port) for request in self.requests])
        return path


@dataclass(frozen=True)
class Usage:
    seconds: float
    server_seconds: float
    core_seconds: float
    # Each is a pause of some milliseconds that the server did not choose: without a quiet machine no good p99.9.
    preemptions: int

    @classmethod
    def until_now(cls, target: Target, cores: Cores) -> "Usage":
        pid = target.server.pid
        return cls(time.perf_counter(), cpu_seconds(pid), core_busy_seconds(cores.server), preemptions(pid))

    def since(self, earlier: "Usage") -> "Usage":
        return Usage(
            self.seconds - earlier.seconds,
            self.server_seconds - earlier.server_seconds,
            self.core_seconds - earlier.core_seconds,
            self.preemptions - earlier.preemptions,
        )

    @property
    def server_share(self) -> float:
        return self.server_seconds / self.seconds

    @property
    def other_share(self) -> float:
        """What others did on the server's core: wall-clock figures are worth nothing when it is much."""
        return max(0.0, self.core_seconds - self.server_seconds) / self.seconds


@dataclass(frozen=True)
class Peak:
    """As many requests as the server can answer on its core."""

    requests: int
    seconds: float
    bad: int
    broken: int
    usage: Usage

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.requests / self.usage.server_seconds


@dataclass(frozen=True)
class Steady:
    """Latency at a fixed rate."""

    name: str
    rate: float
    outcome: Outcome
    usage: Usage

    @property
    def per_cpu_second(self) -> float:
        return self.outcome.answered / self.usage.server_seconds


def peak(target: Target, cores: Cores, connections: int, seconds: int) -> Peak:
    """With wrk, which must not be the bottleneck and so has a core of its own."""
    url = f"http://{HOST}:{target.server.port}/"
    manner = [f"-c{SLOW_CONNECTIONS}", f"--timeout={SLOW_TIMEOUT}"] if target.is_slow else [f"-c{connections}"]
    command = ["wrk", "-t1", *manner, f"-d{seconds}s", "-s", str(SCRIPT), url, "--", str(target.file)]
    before = Usage.until_now(target, cores)
    with subprocess.Popen(
        pinned(cores.load, command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as load:
        samples = take_samples(target, seconds)
        _, report = load.communicate()
    usage = Usage.until_now(target, cores).since(before)
    if target.is_slow:
        wait_until_quiet(target.server.pid)
    if load.returncode:
        raise RuntimeError(f"wrk failed (is it installed? apt-get install wrk): {report}")
    counted = json.loads(report)
    answered = counted["requests"] + samples
    return Peak(answered, counted["seconds"], counted["bad_status"], counted["broken"], usage)


def take_samples(target: Target, seconds: int) -> int:
    """wrk looks at the status only, so a few answers are read properly while it runs. How many they were."""
    # Of a slow server only so many that the last is there before the load ends.
    deadline = time.monotonic() + seconds / 2
    for number, request in enumerate(target.requests[:SAMPLES_UNDER_LOAD]):
        if number and time.monotonic() > deadline:
            return number
        target.check(request, ask_well(target.server.port, request).body)
    return min(SAMPLES_UNDER_LOAD, len(target.requests))


def steady(target: Target, cores: Cores, plan: Plan) -> Steady:
    """With our own driver, whose latencies count from the planned time."""
    command = [sys.executable, "-m", "bench.driver", str(target.file), json.dumps(asdict(plan))]
    before = Usage.until_now(target, cores)
    done = subprocess.run(pinned(cores.load, command), cwd=ROOT, capture_output=True, check=False, text=True)
    usage = Usage.until_now(target, cores).since(before)
    if done.returncode:
        raise RuntimeError(f"The driver failed: {done.stderr}")
    counted = json.loads(done.stdout)
    outcome = Outcome(**{**counted, "latency": Latency(**counted["latency"])})
    for number, body in outcome.bodies:
        target.check(target.requests[number], body.encode())
    return Steady(target.name, plan.rate, outcome, usage)
