"""Documents name only commands and options that exist, and every command is named in one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from ostiary.cli.program import program
from tests.house.tree import HERE, repository_files, told

# `./run WORDS…` starts nothing but `ostiary WORDS…`.
CALL = re.compile(r"(?:\./run|\bostiary) +((?:[a-z][a-z-]* +)*[a-z][a-z-]*)((?: +[^\n`#)|]*)?)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")
COMMON = {"--help", "--version"}
# Files of the past name what was, and code is not read here.
PAGES = ("README.md", "docs/")


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:  # noqa: ANN401 - typer's own
    for name, command in group.commands.items():
        yield (*names, name), {spelling for parameter in command.params for spelling in parameter.opts}
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)


COMMANDS = dict(commands(typer.main.get_command(program)))
GROUPS = {words[:1] for words in COMMANDS if len(words) > 1}


def calls(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The command of every call in a page, as far as it is one, and what follows it."""
    for found in CALL.finditer(text):
        words = tuple(found[1].split())
        known = next((words[:n] for n in range(len(words), 0, -1) if words[:n] in COMMANDS), words)
        # What follows the name of a group must be a command of it.
        yield words[:2] if known in GROUPS else known, found[2]


def wrong_calls(path: str, text: str) -> list[str]:
    broken = []
    for words, rest in calls(text):
        name = " ".join(words)
        if words not in COMMANDS:
            broken.append(f"{path} names the command “{name}”, which does not exist; name the one that does this now.")
            continue
        broken += [
            f"{path} gives “{name}” the option {option}, which it does not have."
            for option in OPTION.findall(rest)
            if option not in COMMANDS[words] | COMMON
        ]
    return broken


def pages() -> dict[str, str]:
    names = [name for name in repository_files() if name.startswith(PAGES) and name.endswith(".md")]
    return {name: (HERE / name).read_text() for name in names}


def test_names_only_commands_that_exist() -> None:
    broken = [each for path, text in pages().items() for each in wrong_calls(path, text)]
    assert not broken, told(broken)


def test_names_every_command_somewhere() -> None:
    named = {words for text in pages().values() for words, _ in calls(text)}
    missing = [" ".join(words) for words in COMMANDS.keys() - GROUPS - named]
    assert not missing, told([f"no page says what “ostiary {name}” is for" for name in sorted(missing)])


@pytest.mark.parametrize(
    "text",
    ["`ostiary dance`", "./run keys sing ID", "./run keys create --colour blue", "see `ostiary init --secret x`"],
)
def test_complains_about_a_call_that_cannot_be(text: str) -> None:
    assert len(wrong_calls("planted.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`ostiary doctor`",
        "./run keys pause ID        # asks first",
        "./run init --organization A --bank B --type production",
    ],
)
def test_is_content_with_a_call_that_works(text: str) -> None:
    assert wrong_calls("planted.md", text) == []
