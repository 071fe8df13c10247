"""`python -m bench`: see --help and docs/benchmarks.md."""

import os
import sys

from bench import endure, pages, stores, workers
from bench.machine import this_machine
from bench.options import parse
from bench.peers import run as peers
from bench.peers.programs import Missing
from bench.processes import Cores
from bench.report import Report, facts, section
from bench.scenarios import RUNS, Comparison

# Not among those of `all`.
LONGER = {"peers": peers.runs, "stores": stores.runs, "workers": workers.runs}
WITH_OWN_REPORT = {"pages": pages.main, "endure": endure.main}


def main() -> int:
    options = parse()
    cores = Cores.of_this_machine()
    # Starting and checking are work too, and none of it may happen on the server's core.
    os.sched_setaffinity(0, {cores.load})
    machine = this_machine(cores)
    if options.scenarios[0] in WITH_OWN_REPORT:
        return WITH_OWN_REPORT[options.scenarios[0]](options, cores, machine)
    tables = sys.stderr if options.json else sys.stdout
    print(facts(machine, options), end="\n\n", file=tables, flush=True)
    comparisons: list[Comparison] = []
    for scenario in options.scenarios:
        for comparison in (RUNS | LONGER)[scenario](options, cores):
            comparisons.append(comparison)
            print(section(comparison), end="\n\n", file=tables, flush=True)
    report = Report(machine, options, comparisons)
    path = report.write()
    print(report.json() if options.json else f"Written to {path}")
    return 1 if any(comparison.failures for comparison in comparisons) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as missing:
        sys.exit(str(missing))
