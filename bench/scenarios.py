"""What is measured: tokens, bearer-checked reads, and tokens when the database holds very many keys."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench import verify
from bench.databases import fresh
from bench.driver import Plan
from bench.exchange import Pair, Request, ask_well, customer_request, token_request
from bench.fill import fill
from bench.measure import Peak, Steady, Target, peak, steady
from bench.options import FEW_KEYS, Options
from bench.processes import Cores, Memory, memory
from bench.servers import Home, Server, floor, ostiary, settle

SCOPE = "banks:read customers:read customers:execute"
WARM_UP_SECONDS = 1
OPEN_LOOP_SHARE = 0.7
# Programs use a token until it expires, so a server sees the same ones again; this many are in use at once.
TOKENS_IN_USE = 100
CUSTOMERS = 20
SETTLING_SECONDS = 10.0

Run = TypeVar("Run")


@dataclass(frozen=True)
class Series:
    name: str
    peaks: list[Peak]
    memory: Memory
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """A bar for each series; or lines over numbers, one for each series."""

    over: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class OpenLoop:
    """Latency at one rate, round by round."""

    name: str
    runs: list[Steady]


@dataclass(frozen=True)
class Comparison:
    """Ratios are requests per CPU second of the first series to those of each other one, round by round."""

    title: str
    series: list[Series]
    open_loops: list[OpenLoop] = field(default_factory=list)
    # Where one has a name here, they are of each other one to this.
    base: str = ""
    plot: Plot | None = None

    @property
    def ratios(self) -> dict[str, list[float]]:
        first, *others = self.series
        pairs = [(first, other) for other in others]
        if self.base:
            (base,) = (one for one in self.series if one.name == self.base)
            pairs = [(other, base) for other in self.series if other is not base]
        return {
            f"{one.name} / {other.name}": [
                mine.per_cpu_second / its.per_cpu_second for mine, its in zip(one.peaks, other.peaks, strict=True)
            ]
            for one, other in pairs
        }

    @property
    def peaks(self) -> list[Peak]:
        return [run for series in self.series for run in series.peaks]

    @property
    def steady(self) -> list[Steady]:
        return [run for loop in self.open_loops for run in loop.runs]

    @property
    def failures(self) -> int:
        peaks = sum(run.bad + run.broken for run in self.peaks)
        return peaks + sum(run.outcome.bad + run.outcome.unanswered for run in self.steady)


@contextmanager
def home_with_keys(options: Options, keys: int) -> Iterator[tuple[Home, list[Pair]]]:
    with TemporaryDirectory(prefix="ostiary-bench-") as folder, fresh(options.database, Path(folder)) as url:
        home = settle(Path(folder), url)
        yield home, fill(home, keys, min(keys, options.active))


def interleaved(targets: Sequence[Target], rounds: int, measure: Callable[[Target], Run]) -> list[list[Run]]:
    """A B A B: what changes on the machine meanwhile changes for all. The runs of each target."""
    measured = [[measure(target) for target in targets] for _ in range(rounds)]
    return [list(runs) for runs in zip(*measured, strict=True)]


def compared(title: str, targets: Sequence[Target], options: Options, cores: Cores, *, latency: bool) -> Comparison:
    def at_peak(target: Target) -> Peak:
        return peak(target, cores, options.connections, options.seconds)

    for target in targets:
        peak(target, cores, options.connections, WARM_UP_SECONDS)
    peaks = interleaved(targets, options.rounds, at_peak)
    series = [
        Series(target.name, runs, memory(target.server.pid), target.note)
        for target, runs in zip(targets, peaks, strict=True)
    ]
    if not latency:
        return Comparison(title, series)
    rate = OPEN_LOOP_SHARE * statistics.median(run.per_second for run in series[0].peaks)

    def at_rate(target: Target) -> Steady:
        return steady(target, cores, Plan(target.server.port, rate, options.seconds, options.open_connections))

    loops = interleaved(targets, options.rounds, at_rate)
    return Comparison(title, series, [OpenLoop(*each) for each in zip((t.name for t in targets), loops, strict=True)])


def beside_floor(title: str, target: Target, options: Options, cores: Cores, *, latency: bool = True) -> Comparison:
    sample = ask_well(target.server.port, target.requests[0])
    with floor(sample, cores.server, target.folder) as bare:
        constant = Target("floor", bare, target.requests, verify.anything, target.folder)
        return compared(title, [target, constant], options, cores, latency=latency)


def token_runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    with home_with_keys(options, options.few_keys) as (home, pairs), ostiary(home, cores.server) as server:
        check = verify.tokens_of(server.port)
        for title, scope in (("POST /oauth/token", SCOPE), ("POST /oauth/token, every scope", None)):
            requests = [token_request(pair, scope) for pair in pairs]
            target = Target("ostiary", server, requests, check, home.data_dir)
            yield beside_floor(title, target, options, cores, latency=scope is not None)


def bearer_runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    with home_with_keys(options, options.few_keys) as (home, _), ostiary(home, cores.server) as server:
        requests = reads_of_customers(server, home.pair)
        target = Target("ostiary", server, requests, verify.customer, home.data_dir)
        yield beside_floor("GET /api/customers/{guid}", target, options, cores)


def reads_of_customers(server: Server, pair: Pair) -> list[Request]:
    tokens = [
        str(ask_well(server.port, token_request(pair, SCOPE)).json()["access_token"]) for _ in range(TOKENS_IN_USE)
    ]
    headers = (("Authorization", f"Bearer {tokens[0]}"), ("Content-Type", "application/json"))
    create = Request("POST", "/api/customers", headers, b'{"type": "individual"}')
    guids = [str(ask_well(server.port, create).json()["guid"]) for _ in range(CUSTOMERS)]
    for guid in guids:
        wait_until_settled(server, customer_request(tokens[0], guid))
    return [customer_request(token, guids[number % CUSTOMERS]) for number, token in enumerate(tokens)]


def wait_until_settled(server: Server, request: Request) -> None:
    """A new customer changes its state by itself; the floor repeats the answer's final size."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while ask_well(server.port, request).json()["state"] == "storing":
        if time.monotonic() > deadline:
            raise RuntimeError("A customer stays in the state storing.")
        time.sleep(0.05)


def keys_runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    """Both servers run at once and one of them idles. The same number of keys ask, then more of them."""
    many = options.many_keys
    with (
        home_with_keys(options, FEW_KEYS) as (small, few_pairs),
        home_with_keys(options, many) as (large, many_pairs),
        ostiary(small, cores.server) as small_server,
        ostiary(large, cores.server) as large_server,
    ):
        spread = many_pairs[:: max(1, len(many_pairs) // FEW_KEYS)]
        few_of_many, few, more = (
            token_target(f"{count:,} keys, {len(pairs):,} ask", server, pairs, home)
            for count, pairs, server, home in (
                (many, spread, large_server, large),
                (FEW_KEYS, few_pairs, small_server, small),
                (many, many_pairs, large_server, large),
            )
        )
        title = f"POST /oauth/token with {many:,} keys"
        yield compared(title, [few_of_many, few], options, cores, latency=False)
        # Afterwards, for what is to be written of ten thousand keys is written while others ask.
        yield compared(f"{title}, more of them asking", [few_of_many, more], options, cores, latency=False)


def token_target(name: str, server: Server, pairs: Sequence[Pair], home: Home) -> Target:
    requests = [token_request(pair, SCOPE) for pair in pairs]
    return Target(name, server, requests, verify.tokens_of(server.port), home.data_dir)


RUNS = {"token": token_runs, "bearer": bearer_runs, "keys": keys_runs}
