"""docs/known-flaws.md has every row, and each row has tests that carry its name."""

import re

from tests.house.tree import HERE

ROW = re.compile(r"^\| ([AMR]\d+) \| [^|]+ \| tested\b[^|]* \|$", re.MULTILINE)
TEST = re.compile(r"^def test_([amr]\d+)_", re.MULTILINE)
LAST = {"A": 15, "M": 14, "R": 9}


def test_every_row_has_its_tests() -> None:
    rows = set(ROW.findall((HERE / "docs" / "known-flaws.md").read_text()))
    assert rows == {f"{group}{number}" for group, last in LAST.items() for number in range(1, last + 1)}
    sources = [path.read_text() for path in (HERE / "tests" / "checks").glob("test_*.py")]
    assert {name.upper() for source in sources for name in TEST.findall(source)} == rows
