"""Every room has a name that says what is in it, and a doorplate: one line at the top of each module."""

import ast
import re
from pathlib import PurePosixPath

import pytest

from tests.house.tree import SLICES, python_sources, repository_files, told

VAGUE = re.compile(r"(.*_)?(utils?|helpers?|common|misc|managers?)|base_.*", re.IGNORECASE)
LINE_ENDS = (".", ":", "?", "!", ";")


def vague_names(path: str) -> list[str]:
    parts = PurePosixPath(path).with_suffix("").parts
    return [
        f"{path}: “{part}” says nothing; name it after the thing it is about."
        for part in parts
        if VAGUE.fullmatch(part)
    ]


def missing_doorplate(path: str, source: str) -> list[str]:
    docstring = ast.get_docstring(ast.parse(source), clean=False)
    if not docstring:
        return [f"{path} has no doorplate; say in one line at the top what lives here."]
    first, *rest = docstring.splitlines()
    if not first.strip() or not first.rstrip().endswith(LINE_ENDS) or (rest and rest[0].strip()):
        return [f"{path}: the docstring must begin with one whole sentence on its first line, alone."]
    return []


def more_than_a_doorplate(path: str, source: str) -> list[str]:
    if len(ast.parse(source).body) > 1:
        return [f"{path} holds more than its doorplate; move the rest into a file named by topic."]
    return []


def test_gives_no_vague_names() -> None:
    broken = [each for path in repository_files() for each in vague_names(path)]
    assert not broken, told(broken)


def test_puts_a_doorplate_on_every_module() -> None:
    broken = [each for path, source in python_sources().items() for each in missing_doorplate(path, source)]
    assert not broken, told(broken)


def test_puts_nothing_but_a_doorplate_on_a_slice() -> None:
    plates = {f"src/ostiary/{name}/__init__.py" for name in SLICES}
    broken = []
    for path, source in python_sources("src").items():
        if path in plates:
            broken += more_than_a_doorplate(path, source)
    assert not broken, told(broken)


@pytest.mark.parametrize(
    "path", ["src/ostiary/utils.py", "src/common/a.py", "tests/db_helpers.py", "src/base_page.py", "bench/Misc.py"]
)
def test_complains_about_a_vague_name(path: str) -> None:
    assert len(vague_names(path)) == 1


@pytest.mark.parametrize("path", ["src/ostiary/crypto/base62.py", "docs/commonplace.md", "src/ostiary/web/paging.py"])
def test_is_content_with_a_name_that_speaks(path: str) -> None:
    assert vague_names(path) == []


@pytest.mark.parametrize(
    "source",
    ["", "import json\n", "'''\nToo late.\n'''", "'''no sentence'''", "'''Goes\non and on.'''", "x = 1\n'''Late.'''"],
)
def test_complains_about_a_missing_doorplate(source: str) -> None:
    assert len(missing_doorplate("planted.py", source)) == 1


def test_complains_about_a_slice_that_lives_in_its_doorway() -> None:
    assert len(more_than_a_doorplate("planted.py", "'''Banks.'''\nfrom ostiary.banks.models import Bank")) == 1
    assert more_than_a_doorplate("planted.py", "'''Banks.'''\n") == []
