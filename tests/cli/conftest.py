"""Ostiary's commands as a script runs them: in this process, where a start costs nothing, or as the real program."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from ostiary.cli.program import program
from ostiary.settings import Settings
from tests.live import COMMAND_SECONDS, environment


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def env(settings: Settings) -> dict[str, str]:
    """Of the installation under test: its folder and database."""
    return environment(settings.data_dir, settings.database_url.get_secret_value())


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """Runs one command without a terminal; `more` are environment variables, an empty one takes it away."""
    runner = CliRunner()

    def command(*args: str, said: str = "", **more: str) -> Done:
        variables = {name: value or None for name, value in {**env, **more}.items()}
        done = runner.invoke(program, args, said, variables, catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)

    return command


@pytest.fixture
def real(env: dict[str, str], settings: Settings) -> Run:
    """The same in a process of its own."""

    def command(*args: str, said: str = "", program: Sequence[str] = ("-m", "ostiary"), **more: str) -> Done:
        done = subprocess.run(
            [sys.executable, *program, *args],
            cwd=settings.data_dir.parent,
            env={name: value for name, value in (env | more).items() if value},
            input=said,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture
def first(run: Run) -> Any:  # noqa: ANN401 - whatever the command prints
    """What `ostiary init --json` printed."""
    return strict_json(run("init", "--organization", "Acme", "--bank", "North", "--json"))


def strict_json(done: Done) -> Any:  # noqa: ANN401 - whatever the command prints
    """The one value on standard output; fails when there is anything else, or anything on standard error."""
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return json.loads(done.stdout)
