"""Committed files name no machine they were written on and no place their dependencies came from."""

import re

import pytest

from tests.house.tree import HERE, repository_files, told

# Written so that no pattern matches itself.
MACHINE_PATH = re.compile(r"/(?:work|root)/")
PACKAGE_INDEX = re.compile(
    r"--(?:extra-)?index-(?:url)|https?://[a-z.-]*(?:registry|packages|index)[a-z.-]*/|\bpy(?:pi)\.org|python(?:hosted)"
)


def named_places(path: str, text: str) -> list[str]:
    broken = []
    for number, line in enumerate(text.splitlines(), start=1):
        if found := MACHINE_PATH.search(line):
            broken.append(f"{path}:{number} names “{found[0]}”, a folder of one machine; name it from the repository.")
        if found := PACKAGE_INDEX.search(line):
            broken.append(f"{path}:{number} names “{found[0]}”, a package index; leave that to everybody's own pip.")
    return broken


def test_names_no_place_of_its_making() -> None:
    broken = []
    for path in repository_files():
        content = (HERE / path).read_bytes()
        # A NUL means an image or a font.
        if b"\0" not in content:
            broken += named_places(path, content.decode())
    assert not broken, told(broken)


@pytest.mark.parametrize(
    "parts",
    [
        ("see /wo", "rk/main"),
        ("HOME=/ro", "ot/.cache"),
        ("--index", "-url https://example.com"),
        ("--extra-index", "-url=x"),
        ("https://registry", ".example.com/left-pad"),
        ("https://py", "pi.org/simple"),
        ("https://files.python", "hosted.org/x"),
    ],
)
def test_complains_about_a_named_place(parts: tuple[str, str]) -> None:
    assert len(named_places("planted.md", "".join(parts))) == 1


def test_is_content_with_places_of_the_platform() -> None:
    assert named_places("planted.md", "https://keys.example.com/api/banks, /var/lib/ostiary") == []
