"""What more processes bring: `serve --workers N` on the cores there are."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from bench.measure import Target
from bench.options import Options
from bench.processes import Cores
from bench.scenarios import Comparison, Plot, compared, home_with_keys, token_target
from bench.servers import ostiary

COUNTS = (1, 2, 3, 4)
SHARED = "the load generator shares these cores, so requests/s say little and requests/CPU s what a token costs"


def runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    with targets(options, cores, COUNTS) as found:
        title = f"POST /oauth/token by number of processes, on cores {cores.several}"
        measured = compared(title, found, options, cores, latency=False)
    yield replace(measured, base=found[0].name, plot=Plot("processes", COUNTS))


@contextmanager
def targets(options: Options, cores: Cores, counts: Sequence[int]) -> Iterator[list[Target]]:
    """All families run at once and all but one idle."""
    with ExitStack() as stack:
        yield [stack.enter_context(with_workers(options, cores, count)) for count in counts]


@contextmanager
def with_workers(options: Options, cores: Cores, count: int) -> Iterator[Target]:
    with home_with_keys(options, options.few_keys) as (home, pairs):
        family = replace(home, env={**home.env, "OSTIARY_WORKERS": str(count)})
        with ostiary(family, cores.several) as server:
            name = "1 process" if count == 1 else f"{count} processes"
            yield replace(token_target(name, server, pairs, home), note=SHARED if cores.are_shared else "")
