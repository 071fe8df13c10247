"""What the database costs: SQLite and PostgreSQL beside the floor, and SQLite with a thousand keys and with more."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from bench import verify
from bench.exchange import ask_well
from bench.measure import Target
from bench.options import FEW_KEYS, Options
from bench.processes import Cores
from bench.scenarios import Comparison, Plot, compared, home_with_keys, token_target
from bench.servers import floor, free_port, ostiary
from tests.postgres import running_postgres

NOT_COUNTED = "the database's own processor time is not counted; it runs on the load's core"


def runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    yield databases(options, cores)
    yield sizes(replace(options, database="sqlite"), cores)


def databases(options: Options, cores: Cores) -> Comparison:
    with ExitStack() as stack:
        postgresql = stack.enter_context(postgresql_url(options))
        targets = [
            stack.enter_context(on_database(options, name, url, note, cores))
            for name, url, note in (("SQLite", "sqlite", ""), ("PostgreSQL", postgresql, NOT_COUNTED))
        ]
        first = targets[0]
        bare = stack.enter_context(floor(ask_well(first.server.port, first.requests[0]), cores.server, first.folder))
        targets.append(Target("floor", bare, first.requests, verify.anything, first.folder))
        measured = compared("POST /oauth/token on each database", targets, options, cores, latency=False)
        return replace(measured, base="floor", plot=Plot())


@contextmanager
def postgresql_url(options: Options) -> Iterator[str]:
    if options.database != "sqlite":
        yield options.database
        return
    # Whatever the benchmark starts without saying where runs where it runs itself: on the load's core.
    with running_postgres() as postgres:
        yield postgres.url("postgres")


@contextmanager
def on_database(options: Options, name: str, url: str, note: str, cores: Cores) -> Iterator[Target]:
    options = replace(options, database=url)
    with home_with_keys(options, options.few_keys) as (made, pairs):
        # Everything on: what else there is to switch on is on by itself.
        home = replace(made, env={**made.env, "OSTIARY_METRICS_PORT": str(free_port()), "OSTIARY_LOG_FORMAT": "json"})
        with ostiary(home, cores.server) as server:
            yield replace(token_target(name, server, pairs, home), note=note)


def sizes(options: Options, cores: Cores) -> Comparison:
    """All servers run at once and all but one idle; everywhere the same number of keys ask."""
    counts = powers_of_ten(options)
    with ExitStack() as stack:
        targets = [stack.enter_context(with_keys(options, count, cores)) for count in counts]
        measured = compared("POST /oauth/token on SQLite by number of keys", targets, options, cores, latency=False)
    return replace(measured, base=targets[0].name, plot=Plot("keys in the database", counts))


def powers_of_ten(options: Options) -> tuple[int, ...]:
    powers = tuple(10**power for power in range(3, 7))
    return tuple(count for count in powers if count <= options.many_keys) or (options.many_keys,)


@contextmanager
def with_keys(options: Options, count: int, cores: Cores) -> Iterator[Target]:
    asking = min(count, FEW_KEYS)
    with home_with_keys(replace(options, active=asking), count) as (home, pairs), ostiary(home, cores.server) as server:
        ready = f"ready {server.ready_seconds:.1f} s after its start"
        yield replace(token_target(f"{count:,} keys", server, pairs, home), note=ready)
