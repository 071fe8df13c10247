"""Pages are short, carry no script or style of their own, and send nobody's browser elsewhere."""

import json
import re

import pytest

from tests.house.tree import HERE, Sources, told

TEMPLATE_LINES = 120
# The page's policy refuses all of these, so a browser would leave out what stands there without a word.
INLINE = {
    re.compile(
        r"<style\b|\sstyle\s*=", re.IGNORECASE
    ): "a style of its own; give it a class and frontend/styles a rule",
    re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE): "a script of its own; write it in frontend/scripts",
    re.compile(r"""\son[a-z]+\s*=\s*["']""", re.IGNORECASE): "an event handler; listen in frontend/scripts",
    re.compile(r"javascript:", re.IGNORECASE): "a script as an address; listen in frontend/scripts",
}
# Samples to paste may name this machine.
OUTSIDE = re.compile(r"""https?://(?!127\.0\.0\.1\b)[\w.-]+|(?:src|href|action)=["']//|url\(["']?//""")
ICON = re.compile(r"""\bicon(?:_name=|\()["']([\w-]+)["']""")


def templates() -> Sources:
    found = {
        path.relative_to(HERE).as_posix(): path.read_text()
        for path in sorted((HERE / "src/ostiary").glob("*/templates/**/*.html"))
    }
    assert found, "no template in src/ostiary: has a folder moved?"
    return found


def assets() -> Sources:
    """What is sent to browsers as it is written here."""
    files = [*(HERE / "frontend/styles").glob("*.css"), *(HERE / "frontend/scripts").glob("*.js")]
    assert files, "no style or script in frontend: has a folder moved?"
    return {path.relative_to(HERE).as_posix(): path.read_text() for path in sorted(files)}


def crooked(path: str, source: str) -> list[str]:
    broken = []
    lines = source.splitlines()
    if len(lines) > TEMPLATE_LINES:
        broken.append(
            f"{path} has {len(lines)} lines, {TEMPLATE_LINES} are the most; put a part of it into a file of its own."
        )
    for pattern, what in INLINE.items():
        broken += [f"{path}:{number} has {what}." for number in numbers(pattern, source)]
    return broken


def outside(path: str, source: str) -> list[str]:
    return [
        f"{path}:{number} names a place outside; pages ask nobody but this server."
        for number in numbers(OUTSIDE, source)
    ]


def missing_icons(path: str, source: str, sprite: set[str]) -> list[str]:
    return [
        f"{path} shows the icon “{name}”, which is not in the sprite; add it to frontend/icons.txt."
        for name in ICON.findall(source)
        if name not in sprite
    ]


def numbers(pattern: re.Pattern[str], source: str) -> list[int]:
    """The lines where a match begins; a tag may go over several."""
    return [source.count("\n", 0, found.start()) + 1 for found in pattern.finditer(source)]


def test_keeps_templates_short_and_plain() -> None:
    broken = [each for path, source in templates().items() for each in crooked(path, source)]
    assert not broken, told(broken)


def test_names_no_outside_place_in_pages() -> None:
    sources = {**templates(), **assets()}
    broken = [each for path, source in sources.items() for each in outside(path, source)]
    assert not broken, told(broken)


def test_has_every_icon_that_is_shown() -> None:
    sprite = set((HERE / "frontend/icons.txt").read_text().split())
    broken = [each for path, source in templates().items() for each in missing_icons(path, source, sprite)]
    assert not broken, told(broken)


def test_locks_packages_without_naming_where_they_come_from() -> None:
    packages = json.loads((HERE / "frontend/package-lock.json").read_text())["packages"]
    resolved = [name for name, package in packages.items() if "resolved" in package]
    assert not resolved, f"frontend/package-lock.json says where {resolved} came from; frontend/.npmrc forbids it"


def test_locks_packages_for_other_systems_too() -> None:
    packages = json.loads((HERE / "frontend/package-lock.json").read_text())["packages"]
    systems = {system for package in packages.values() for system in package.get("os", ())}
    assert {"linux", "darwin", "win32"} <= systems


@pytest.mark.parametrize(
    "planted",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<script\n  defer>alert("src=")</script>',
        '<button onclick="go()">',
        "<img onerror='go()'>",
        '<a href="javascript:go()">',
        "<p>\n" * (TEMPLATE_LINES + 1),
    ],
)
def test_complains_about_a_crooked_template(planted: str) -> None:
    assert len(crooked("planted.html", planted)) == 1


@pytest.mark.parametrize(
    "planted",
    ['<img src="https://cdn.example.com/x.png">', '<script src="//cdn.example.com/x.js">', "url(//x/y.woff2)"],
)
def test_complains_about_a_page_that_asks_elsewhere(planted: str) -> None:
    assert len(outside("planted.html", planted)) == 1


def test_complains_about_an_icon_that_is_not_there() -> None:
    planted = '{{ icon("dragon") }} {{ button("Go", icon_name="key") }}'
    assert len(missing_icons("planted.html", planted, {"key"})) == 1


def test_is_content_with_a_plain_template() -> None:
    plain = '<script src="{{ static("copy.js") }}" defer></script>\n<td data-on="x">curl http://127.0.0.1:8400</td>'
    assert crooked("planted.html", plain) == []
    assert outside("planted.html", plain) == []
