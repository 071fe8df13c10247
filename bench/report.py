"""The measured figures as Markdown tables, as JSON, and in bench/results/."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import Machine
from bench.measure import Peak, Steady
from bench.options import Options
from bench.processes import ROOT
from bench.scenarios import Comparison, Series

RESULTS = ROOT / "bench" / "results"
# Above this the machine was not quiet enough for wall-clock figures.
NOISY_SHARE = 0.05


@dataclass(frozen=True)
class Report:
    machine: Machine
    options: Options
    comparisons: list[Comparison]

    def json(self) -> str:
        ratios = {comparison.title: comparison.ratios for comparison in self.comparisons}
        return json.dumps({**asdict(self), "ratios": ratios}, indent=2)

    def markdown(self) -> str:
        return "\n\n".join([facts(self.machine, self.options), *map(section, self.comparisons)]) + "\n"

    def write(self) -> Path:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{'-'.join(self.options.scenarios)}.md"
        path.write_text(self.markdown())
        path.with_suffix(".json").write_text(self.json())
        return path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Padded, so that it reads well in a terminal too."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def facts(machine: Machine, options: Options, how: str = "") -> str:
    how = how or (
        f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections at peak, "
        f"{options.open_connections} in the open loop, at most {options.active:,} keys ask"
    )
    database = "SQLite" if options.database == "sqlite" else "PostgreSQL (its own processor time is not counted)"
    return table(
        ("measured", ""),
        [
            ("date", machine.date),
            ("commit", machine.commit),
            ("processor", machine.processor),
            ("cores", machine.cores),
            ("memory", f"{machine.memory_gib:.1f} GiB"),
            ("system", machine.system),
            ("Python", machine.python),
            ("versions", machine.packages),
            ("database", database),
            ("options", how),
            ("load average before", machine.load_average),
        ],
    )


def section(comparison: Comparison) -> str:
    parts = [f"### {comparison.title}", peaks(comparison.series)]
    if comparison.series[1:]:
        parts.append(ratios(comparison))
    if comparison.steady:
        parts.append(latencies(comparison.steady))
    return "\n\n".join([*parts, *warnings(comparison)])


def peaks(series: Sequence[Series]) -> str:
    return table(
        ("peak", "requests/s", "requests/CPU s", "CPU µs each", "RSS MiB", "top RSS MiB", "not 2xx", "broken"),
        [
            (
                one.name,
                f"{median(run.per_second for run in one.peaks):,.0f}",
                f"{median(run.per_cpu_second for run in one.peaks):,.0f}",
                f"{median(1e6 / run.per_cpu_second for run in one.peaks):.1f}",
                f"{one.memory.resident_mib:.1f}",
                f"{one.memory.peak_mib:.1f}",
                str(sum(run.bad for run in one.peaks)),
                str(sum(run.broken for run in one.peaks)),
            )
            for one in series
        ],
    )


def ratios(comparison: Comparison) -> str:
    return table(
        ("requests per CPU second", "median", "min", "max", "rounds"),
        [
            (
                name,
                f"{median(each):.3f}",
                f"{min(each):.3f}",
                f"{max(each):.3f}",
                " ".join(f"{one:.3f}" for one in each),
            )
            for name, each in comparison.ratios.items()
        ],
    )


def latencies(runs: Sequence[Steady]) -> str:
    return table(
        (
            "open loop, ms",
            "rate/s",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "max",
            "failed",
            "server CPU",
            "preempted",
            "queued",
            "lag p99",
            "lag max",
        ),
        [
            (
                run.name,
                f"{run.rate:,.0f}",
                *(f"{value:.2f}" for value in asdict(run.outcome.latency).values()),
                str(run.outcome.bad + run.outcome.unanswered),
                f"{run.usage.server_share:.0%}",
                str(run.usage.preemptions),
                str(run.outcome.queued),
                f"{run.outcome.lag_p99_ms:.2f}",
                f"{run.outcome.lag_max_ms:.2f}",
            )
            for run in runs
        ],
    )


def warnings(comparison: Comparison) -> list[str]:
    """What makes a figure worthless stands beside it."""
    found = [f"**{comparison.failures} requests failed: these figures are void.**"] if comparison.failures else []
    found += [
        f"**The driver fell behind its schedule ({run.name}: lag p99 {run.outcome.lag_p99_ms:.2f} ms, "
        f"{run.outcome.spare:.0%} of its time to spare): that latency is partly its own.**"
        for run in comparison.steady
        if run.outcome.driver_fell_behind
    ]
    other = max((run.usage.other_share for run in all_runs(comparison)), default=0.0)
    if other > NOISY_SHARE:
        found.append(f"**Up to {other:.0%} of the server's core went to others: wall-clock figures are too low.**")
    return found


def all_runs(comparison: Comparison) -> list[Peak | Steady]:
    return [*(run for series in comparison.series for run in series.peaks), *comparison.steady]


def median(figures: Iterable[float]) -> float:
    return statistics.median(figures)
