"""All commands at once: each explains itself, speaks JSON, and takes no secret where `ps` would show it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import typer

from ostiary.cli.program import program
from tests.cli.conftest import Run

# It runs until it is stopped, and answers on the network.
WITHOUT_JSON = {"serve"}
# Groups of which each command works on the local database or through a server's API, or says that it cannot.
BOTH_WAYS = {"organizations", "banks", "keys", "users", "customers"}
SECRET = re.compile(r"secret|password|token|pepper|master", re.IGNORECASE)
WANTED = {
    *("serve", "init", "token", "inspect", "doctor", "migrate", "banks list"),
    *("keys create", "keys list", "keys show", "keys pause", "keys resume", "keys revoke", "keys allow"),
    *("users invite", "organizations rename", "banks update"),
    *("customers list", "customers show", "customers create", "customers update"),
}


def commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield " ".join([*names, name]), command


COMMANDS: Mapping[str, Any] = dict(commands(typer.main.get_command(program)))


def test_has_every_command_it_should() -> None:
    assert COMMANDS.keys() >= WANTED


@pytest.mark.parametrize("name", COMMANDS)
def test_explains_every_command(run: Run, name: str) -> None:
    shown = run(*name.split(), "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    help_text = COMMANDS[name].help
    assert help_text
    assert help_text.splitlines()[0].endswith((".", "?", ":"))
    assert help_text.split()[0] in shown.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_speaks_json_in_every_command(name: str) -> None:
    options = {spelling for parameter in COMMANDS[name].params for spelling in parameter.opts}
    assert ("--json" in options) == (name not in WITHOUT_JSON)


@pytest.mark.parametrize("name", COMMANDS)
def test_takes_no_secret_as_an_argument(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert not [spelling for spelling in parameter.opts if SECRET.search(spelling)], name
        assert not SECRET.search(parameter.metavar or ""), name


@pytest.mark.parametrize("name", COMMANDS)
def test_has_both_ways_for_every_command_on_things(name: str) -> None:
    options = {spelling for parameter in COMMANDS[name].params for spelling in parameter.opts}
    group = name.split(maxsplit=1)[0]
    assert ("--server" in options) == (group in BOTH_WAYS | {"token", "login"})


def test_says_everything_it_can_do(run: Run) -> None:
    shown = run("--help").stdout
    for name in {name.split()[0] for name in COMMANDS}:
        assert re.search(rf"^\W*{name} ", shown, re.MULTILINE), name
    assert run("--version").stdout.startswith("ostiary ")
