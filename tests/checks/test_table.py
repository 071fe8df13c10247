"""docs/known-flaws.md has every row, and what it says is so: a test carries its name, is named, or cannot be."""

import re

import pytest

from tests.house.tree import HERE

ROW = re.compile(r"^\| ([AMRTSN]\d+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"^def test_([amrtsn][1-9]\d*)_", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
LAST = {"A": 15, "T": 18, "M": 14, "R": 9, "S": 12, "N": 10}
ROWS = dict(ROW.findall((HERE / "docs" / "known-flaws.md").read_text()))


def carried() -> set[str]:
    sources = [path.read_text() for path in (HERE / "tests" / "checks").glob("test_*.py")]
    return {name.upper() for source in sources for name in TEST.findall(source)}


def test_has_every_row() -> None:
    assert set(ROWS) == {f"{group}{number}" for group, last in LAST.items() for number in range(1, last + 1)}


def test_carries_the_names_of_tested_rows_and_no_others() -> None:
    assert carried() == {row for row, says in ROWS.items() if says.startswith("tested")}


@pytest.mark.parametrize("row", ROWS)
def test_names_a_test_that_is_there(row: str) -> None:
    says = ROWS[row]
    if says.startswith(("tested", "does not apply: ")):
        return
    named = NAMED.findall(says)
    assert named, f"{row} names no test, and does not say why there is none"
    for path, test in named:
        assert f"def {test}(" in (HERE / path).read_text(), f"{row} names {path}::{test}, which is not there"
