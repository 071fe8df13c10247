"""docs/standards.md maps every section of a standard we follow to the file that obeys it and the test that holds it."""

import ast
import re

import pytest

from tests.house.tree import HERE, functions, told

PAGE = "docs/standards.md"
QUOTED = re.compile(r"`([^`]+)`")
COLUMNS = 3


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without headings and their rulers."""
    lines = [line.strip() for line in text.splitlines()]
    tables = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    rulers = [place for place, cells in enumerate(tables) if all(re.fullmatch(r":?-+:?", cell) for cell in cells)]
    headings = {place - 1 for place in rulers}
    return [cells for place, cells in enumerate(tables) if place not in headings and place not in rulers]


def broken_row(cells: list[str]) -> list[str]:
    row = f"{PAGE}: “{cells[0]}”"
    if len(cells) != COLUMNS:
        return [f"{row} has {len(cells)} cells; a row is section | file | test."]
    files, tests = QUOTED.findall(cells[1]), QUOTED.findall(cells[2])
    broken = []
    if not files:
        broken.append(f"{row} names no file; write its path from the repository in backticks.")
    if not tests:
        broken.append(f"{row} names no test; write `tests/folder/test_file.py::test_name` in backticks.")
    broken += [
        f"{row} names {file}, which does not exist; name the file that does this now."
        for file in files
        if not (HERE / file).is_file()
    ]
    broken += [
        f"{row} names {test}, which does not exist; name the test that holds this now."
        for test in tests
        if not is_a_test(test)
    ]
    return broken


def is_a_test(name: str) -> bool:
    file, _, function = name.partition("::")
    path = HERE / file
    if not path.is_file():
        return False
    return function in {each.name for each in functions(ast.parse(path.read_text()))}


def test_maps_every_section_to_a_file_and_a_test() -> None:
    page = HERE / PAGE
    assert page.is_file(), f"{PAGE} is missing; it maps each section we follow to its file and test"
    found = rows(page.read_text())
    assert found, f"{PAGE} has no table; a row is section | file | test"
    broken = [each for cells in found for each in broken_row(cells)]
    assert not broken, told(broken)


@pytest.mark.parametrize(
    "row",
    [
        "| RFC 6749 §4.4 | `src/ostiary/errors.py` |",
        "| RFC 6749 §4.4 | | `tests/house/test_standards.py::test_complains_about_a_row` |",
        "| RFC 6749 §4.4 | `src/ostiary/errors.py` | later |",
        "| RFC 6749 §4.4 | `src/gone.py` | `tests/house/test_standards.py::test_complains_about_a_row` |",
        "| RFC 6749 §4.4 | `src/ostiary/errors.py` | `tests/house/test_standards.py::test_gone` |",
        "| RFC 6749 §4.4 | `src/ostiary/errors.py` | `tests/house/test_gone.py::test_gone` |",
        "| RFC 6749 §4.4 | `src/ostiary/errors.py` | `tests/house/test_standards.py` |",
    ],
)
def test_complains_about_a_row(row: str) -> None:
    (cells,) = rows(f"| Section | File | Test |\n|---|---|---|\n{row}\n")
    assert len(broken_row(cells)) == 1


def test_is_content_with_a_row_that_is_true() -> None:
    test = "`tests/house/test_standards.py::test_is_content_with_a_row_that_is_true`"
    page = f"| Section | File | Test |\n|:--|:-:|---|\n| RFC 6749 §5.2 | `src/ostiary/errors.py` | {test} |\n"
    assert [broken_row(cells) for cells in rows(page)] == [[]]


FILE = re.compile(r"`(tests/[\w/]+\.py)")


def test_names_no_test_that_is_gone_on_any_page() -> None:
    pages = [page for page in (HERE / "docs").rglob("*.md") if page.name != "template.md"]
    named = [(page.name, file) for page in pages for file in FILE.findall(page.read_text())]
    assert len(named) > len(rows((HERE / PAGE).read_text())), "other pages name tests as well"
    assert [(page, file) for page, file in named if not (HERE / file).is_file()] == []
