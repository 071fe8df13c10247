"""The measured figures as Markdown tables, as JSON, and in bench/results/."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import plots
from bench.machine import Machine
from bench.measure import Peak, Steady
from bench.options import Options
from bench.processes import ROOT
from bench.scenarios import Comparison, OpenLoop, Plot, Series

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
        plotted = [one for one in self.comparisons if one.plot]
        names = [f"{path.stem}-{number}.svg" for number in range(1, len(plotted) + 1)]
        for name, comparison in zip(names, plotted, strict=True):
            path.with_name(name).write_text(drawn(comparison))
        links = "".join(f"\n![{one.title}]({name})\n" for name, one in zip(names, plotted, strict=True))
        path.write_text(self.markdown() + links)
        path.with_suffix(".json").write_text(self.json())
        return path


def drawn(comparison: Comparison) -> str:
    per_cpu_second = [[run.per_cpu_second for run in one.peaks] for one in comparison.series]
    per_second = [[run.per_second for run in one.peaks] for one in comparison.series]
    plot = comparison.plot or Plot()
    if not plot.numbers:
        bars = {one.name: found for one, found in zip(comparison.series, per_cpu_second, strict=True)}
        return plots.bars(f"{comparison.title}: requests per CPU second", bars)
    lines = {"requests per CPU second": per_cpu_second, "requests per second": per_second}
    return plots.lines(comparison.title, plot.over, plot.numbers, lines)


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
    if comparison.open_loops:
        parts.append(latencies(comparison.open_loops))
    return "\n\n".join([*parts, *warnings(comparison)])


def peaks(series: Sequence[Series]) -> str:
    has_notes = any(one.note for one in series)
    head = ("peak", "requests/s", "requests/CPU s", "CPU µs each", "RSS MiB", "top RSS MiB", "not 2xx", "broken")
    return table(
        (*head, "note") if has_notes else head,
        [
            (
                one.name,
                spoken(median(run.per_second for run in one.peaks)),
                spoken(median(run.per_cpu_second for run in one.peaks)),
                f"{median(1e6 / run.per_cpu_second for run in one.peaks):,.1f}",
                f"{one.memory.resident_mib:.1f}",
                f"{one.memory.peak_mib:.1f}",
                str(sum(run.bad for run in one.peaks)),
                str(sum(run.broken for run in one.peaks)),
                *([one.note] if has_notes else []),
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
                *map(ratio, (median(each), min(each), max(each))),
                " ".join(map(ratio, each)),
            )
            for name, each in comparison.ratios.items()
        ],
    )


def ratio(figure: float) -> str:
    return f"{figure:.3f}" if figure < 10 else f"{figure:,.1f}"


def spoken(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


def latencies(loops: Sequence[OpenLoop]) -> str:
    """Of each round; what a round had to bear of the machine is its own affair, so medians of the rounds."""
    return table(
        (
            "open loop, ms",
            "rate/s",
            "p50",
            "p90",
            "p99",
            "p99 of each round",
            "p99.9",
            "max",
            "failed",
            "server CPU",
            "preempted",
            "queued",
            "lag p99",
            "lag max",
        ),
        [latency(loop.name, loop.runs) for loop in loops],
    )


def latency(name: str, runs: Sequence[Steady]) -> list[str]:
    outcomes = [run.outcome for run in runs]
    found = [one.latency for one in outcomes]
    return [
        name,
        f"{runs[0].rate:,.0f}",
        f"{median(one.p50 for one in found):.2f}",
        f"{median(one.p90 for one in found):.2f}",
        f"{median(one.p99 for one in found):.2f}",
        " ".join(f"{one.p99:.1f}" for one in found),
        f"{median(one.p999 for one in found):.2f}",
        f"{max(one.max for one in found):.2f}",
        str(sum(one.bad + one.unanswered for one in outcomes)),
        f"{median(run.usage.server_share for run in runs):.0%}",
        str(sum(run.usage.preemptions for run in runs)),
        str(sum(one.queued for one in outcomes)),
        f"{median(one.lag_p99_ms for one in outcomes):.2f}",
        f"{max(one.lag_max_ms for one in outcomes):.2f}",
    ]


def warnings(comparison: Comparison) -> list[str]:
    """What makes a figure worthless stands beside it."""
    found = [f"**{comparison.failures} requests failed: these figures are void.**"] if comparison.failures else []
    found += [
        f"**The driver fell behind its schedule ({run.name}: lag p99 {run.outcome.lag_p99_ms:.2f} ms, "
        f"{run.outcome.spare:.0%} of its time to spare): that latency is partly its own.**"
        for run in comparison.steady
        if run.outcome.driver_fell_behind
    ]
    runs: list[Peak | Steady] = [*comparison.peaks, *comparison.steady]
    other = max((run.usage.other_share for run in runs), default=0.0)
    if other > NOISY_SHARE:
        found.append(f"**Up to {other:.0%} of the server's core went to others: wall-clock figures are too low.**")
    return found


def median(figures: Iterable[float]) -> float:
    return statistics.median(figures)
