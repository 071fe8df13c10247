"""`python -m tests.record FOLDER` prints what one `./check --long` did as the page docs/long-check.md."""

import json
import re
import statistics
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import Machine
from bench.report import RESULTS, table

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
STEP = re.compile(r"\| (?P<title>.+) \| (?P<seconds>\d+) \|")
# `tests.oauth.test_forged` and `test_name[parameter]`, as pytest writes them.
Test = tuple[str, str]

PAGE = """# The long check

What the last `./check --long` did: every test with its full count, and the benchmark after them. What another
database could not change counts in full on SQLite only.
The command writes this page to `build/long-check.md`; it is copied here.

{facts}

## Steps

{steps}

## Tests

{suites}

## Counts

How often the tests that repeat something did so. Each of them fails at the first wrong outcome.

{counts}

## Benchmark

Requests per processor second of the server, against a bare uvicorn in the same run; [how](benchmarks.md).

{ratios}
"""


class NotARecord(Exception):  # noqa: N818 - reads as what it is
    """Something is missing, or belongs to another run."""


@dataclass(frozen=True)
class Suite:
    """One run of all tests on one database."""

    tests: int
    failed: int
    skipped: int
    counts: Mapping[Test, Sequence[str]]

    @classmethod
    def read(cls, path: Path) -> "Suite":
        if not path.is_file():
            raise NotARecord(f"{path} is missing; ./check --long makes it")
        root = ET.parse(path).getroot()  # noqa: S314 - pytest of the same run wrote it
        cases = list(root.iter("testcase"))
        if not cases:
            raise NotARecord(f"{path} has no test in it")
        return cls(
            tests=len(cases),
            failed=sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None),
            skipped=sum(1 for case in cases if case.find("skipped") is not None),
            counts={
                (case.attrib["classname"], case.attrib["name"]): found for case in cases if (found := counts(case))
            },
        )


def counts(case: ET.Element) -> Sequence[str]:
    return [one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "count"]


def page(folder: Path, results: Path = RESULTS) -> str:
    """Raises NotARecord where the page would say less than it seems to."""
    suites = {name: Suite.read(folder / f"tests-{database}.xml") for database, name in DATABASES.items()}
    bench = newest(results)
    return PAGE.format(
        facts=facts(Machine(**bench["machine"])),
        steps=steps(folder / "check-steps.md"),
        suites=suite_table(suites),
        counts=count_table(suites),
        ratios=ratio_table(bench["ratios"]),
    )


def newest(results: Path) -> dict[str, Any]:
    """The bench's last figures; their file names begin with the moment they were made."""
    found = sorted(results.glob("*.json"))
    if not found:
        raise NotARecord(f"{results} has no figures in it; `python -m bench` makes them")
    figures: dict[str, Any] = json.loads(found[-1].read_text())
    return figures


def facts(machine: Machine) -> str:
    return table(
        ("run", ""),
        [
            ("date", machine.date),
            ("commit", machine.commit),
            ("processor", machine.processor),
            ("cores", machine.cores.partition(":")[0]),
            ("memory", f"{machine.memory_gib:.1f} GiB"),
            ("system", machine.system),
            ("Python", machine.python),
            ("versions", machine.packages),
        ],
    )


def steps(path: Path) -> str:
    done = [found.groupdict() for line in path.read_text().splitlines() if (found := STEP.fullmatch(line))]
    if not done:
        raise NotARecord(f"{path} names no step; ./check writes it")
    total = sum(int(step["seconds"]) for step in done)
    return table(("step", "seconds"), [*((step["title"], step["seconds"]) for step in done), ("all", str(total))])


def suite_table(suites: Mapping[str, Suite]) -> str:
    return table(
        ("database", "tests run", "failed", "skipped"),
        [
            (name, f"{suite.tests - suite.skipped:,}", str(suite.failed), str(suite.skipped))
            for name, suite in suites.items()
        ],
    )


def count_table(suites: Mapping[str, Suite]) -> str:
    tests = sorted({test for suite in suites.values() for test in suite.counts})
    if not tests:
        raise NotARecord("no test has a count: has the fixture of that name changed?")
    return table(
        ("test", *suites),
        [
            (shown(test), *(" + ".join(suite.counts.get(test, ["not run"])) for suite in suites.values()))
            for test in tests
        ],
    )


def shown(test: Test) -> str:
    module, name = test
    return f"`{module.replace('.', '/')}.py::{name}`"


def ratio_table(ratios: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    rows = [
        (title, name, f"{statistics.median(each):.3f}", f"{min(each):.3f}", f"{max(each):.3f}")
        for title, of_title in ratios.items()
        for name, each in of_title.items()
    ]
    return table(("request", "ratio", "median", "min", "max"), rows)


def main() -> None:
    try:
        sys.stdout.write(page(Path(sys.argv[1])))
    except NotARecord as error:
        sys.exit(f"There is nothing to record: {error}.")


if __name__ == "__main__":
    main()
