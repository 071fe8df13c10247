"""Ostiary's commands as a person or a script runs them."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from ostiary.settings import Settings
from tests.live import COMMAND_SECONDS, environment

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(settings: Settings) -> Run:
    """Runs one command without a terminal; `more` are environment variables, an empty one takes it away."""
    env = environment(settings.data_dir, settings.database_url.get_secret_value())
    folder = settings.data_dir.parent

    def command(*args: str, said: str = "", **more: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "ostiary", *args],
            cwd=folder,
            env={name: value for name, value in (env | more).items() if value},
            input=said,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    return command
