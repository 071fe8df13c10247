"""A page whose commands are typed one after the other: its blocks, the script they make, and what it has to show."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# The reader types these.
RUN = "sh"
# What stands right after such a block is what it shows.
SHOWN = "text"
# As root, with a network or with systemd: a test has to name each of these.
NOT_RUN = "console"
# Says something and is no command.
ILLUSTRATION = "json"
FENCE = "```"
# Whatever comes; alone on its line, however many lines.
ANYTHING = "…"
MARK = "=== end of block ==="


class Block(NamedTuple):
    """One that is run, with the place where it stands and, where the page says so, what it shows."""

    place: str
    commands: str
    shown: str | None


class Page(NamedTuple):
    blocks: list[Block]
    not_run: list[str]


class Unreadable(Exception):  # noqa: N818 - reads as what is the matter
    """A block of which nobody knows whether it is to be run."""


def read(name: str, text: str) -> Page:
    """Raises Unreadable, so that nothing that looks like a command is passed over in silence."""
    found = Page([], [])
    before, place = "", ""
    language: str | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if language is None and FENCE in line:
            language, place, lines = line.removeprefix(FENCE), f"{name}:{number}", []
        elif language is not None and line == FENCE:
            _add(found, language, place, lines, before)
            before = language
            language = None
        elif language is not None:
            lines.append(line)
        elif line:
            before = ""
    if language is not None:
        raise Unreadable(f"{place}: the block does not end")
    return found


def _add(found: Page, language: str, place: str, lines: Sequence[str], before: str) -> None:
    text = "\n".join(lines)
    if language == RUN:
        found.blocks.append(Block(place, text, None))
    elif language == SHOWN and before == RUN:
        found.blocks[-1] = found.blocks[-1]._replace(shown=text)
    elif language == NOT_RUN:
        found.not_run.append(text)
    elif language != ILLUSTRATION:
        raise Unreadable(f"{place}: “{language}” is neither run, nor shown by what is run, nor marked as {NOT_RUN}")


def script(blocks: Sequence[Block]) -> str:
    """For one `sh -eu`: what one block leaves behind, the next one finds."""
    return "".join(f"{block.commands}\nprintf '\\n%s\\n' '{MARK}'\n" for block in blocks)


def faults(blocks: Sequence[Block], printed: str, others: Mapping[str, str]) -> list[str]:
    """What was not run to its end, or shows something else; `others` stand for what the page says, such as ports."""
    outputs = printed.split(f"\n{MARK}\n")
    if len(outputs) != len(blocks) + 1:
        place = blocks[min(len(outputs), len(blocks)) - 1].place
        return [f"{place} did not get to its end:\n{outputs[-1][-2000:]}"]
    broken = []
    for block, output in zip(blocks, outputs, strict=False):
        lines = "".join(f"{line}\n" for line in output.strip("\n").splitlines())
        if block.shown is None or _pattern(block.shown, others).fullmatch(lines):
            continue
        broken.append(f"{block.place} does not show what the page says, but:\n{output}")
    return broken


def _pattern(shown: str, others: Mapping[str, str]) -> re.Pattern[str]:
    for said, meant in others.items():
        shown = shown.replace(said, meant)
    return re.compile("".join(map(_line_pattern, shown.splitlines())))


def _line_pattern(shown: str) -> str:
    if shown == ANYTHING:
        return r"(?:[^\n]*\n)*?"
    return r"[^\n]*".join(map(re.escape, shown.split(ANYTHING))) + r" *\n"
