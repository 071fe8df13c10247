"""One page says what the long check did, and says nothing when half of it is missing."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.machine import Machine
from tests.record import NotARecord, page

MACHINE = Machine("2026-11-24 11:41 UTC", "f72e1df6af2f", "EPYC", "2: …", 23.5, "Debian 12", "3.11.7", "wrk 4", "0.1")
RATIOS = {"POST /oauth/token": {"ostiary / floor": [0.5, 0.4, 0.7]}}
STEPS = "| mypy | 10 |\n| tests on SQLite | 110 |\n"
SUITE = """<testsuites><testsuite>
<testcase classname="tests.oauth.test_forged" name="test_refuses_every_mutation">
<properties><property name="count" value="{count}"/><property name="other" value="1"/></properties></testcase>
<testcase classname="tests.crypto.test_guids" name="test_orders[x]">{outcome}</testcase>
</testsuite></testsuites>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "check-steps.md").write_text(STEPS)
    (tmp_path / "tests-sqlite.xml").write_text(SUITE.format(count=12000, outcome=""))
    (tmp_path / "tests-postgresql.xml").write_text(SUITE.format(count=11000, outcome="<failure/>"))
    write_figures(tmp_path, "20261124-114011-token", {"POST /oauth/token": {"ostiary / floor": [0.1]}})
    write_figures(tmp_path, "20261124-114313-token", RATIOS)
    return tmp_path


def write_figures(folder: Path, name: str, ratios: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"machine": asdict(MACHINE), "ratios": ratios}))


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_records_when_where_and_of_what(folder: Path) -> None:
    shown = cells(page(folder, folder))
    assert ["date", "2026-11-24 11:41 UTC"] in shown
    assert ["commit", "f72e1df6af2f"] in shown
    assert ["cores", "2"] in shown


def test_records_every_step_with_its_seconds(folder: Path) -> None:
    shown = cells(page(folder, folder))
    assert [row for row in shown if row[0] in {"mypy", "tests on SQLite", "all"}] == [
        ["mypy", "10"],
        ["tests on SQLite", "110"],
        ["all", "120"],
    ]


def test_records_what_failed_on_which_database(folder: Path) -> None:
    shown = cells(page(folder, folder))
    assert ["SQLite", "2", "0", "0"] in shown
    assert ["PostgreSQL", "2", "1", "0"] in shown


def test_records_a_skipped_test_as_not_run(folder: Path) -> None:
    (folder / "tests-sqlite.xml").write_text(SUITE.format(count=1, outcome="<skipped/>"))
    assert ["SQLite", "1", "0", "1"] in cells(page(folder, folder))


def test_records_the_count_of_every_test_that_has_one(folder: Path) -> None:
    shown = [row for row in cells(page(folder, folder)) if row[0].startswith("`")]
    assert shown == [["`tests/oauth/test_forged.py::test_refuses_every_mutation`", "12000", "11000"]]


def test_records_the_last_figures_of_the_benchmark(folder: Path) -> None:
    assert ["POST /oauth/token", "ostiary / floor", "0.500", "0.400", "0.700"] in cells(page(folder, folder))


@pytest.mark.parametrize("gone", ["tests-sqlite.xml", "tests-postgresql.xml", "*.json"])
def test_records_nothing_when_a_part_is_missing(folder: Path, gone: str) -> None:
    for path in folder.glob(gone):
        path.unlink()
    with pytest.raises(NotARecord):
        page(folder, folder)


def test_records_nothing_when_no_test_counted(folder: Path) -> None:
    for path in folder.glob("tests-*.xml"):
        path.write_text('<testsuite><testcase classname="a" name="b"/></testsuite>')
    with pytest.raises(NotARecord, match="no test has a count"):
        page(folder, folder)
