"""An installation on SQLite as its operator has it: a data folder, commands, and whoever asks for tokens there."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from ostiary.cli.program import program
from ostiary.crypto.master_key import FILE_NAME
from ostiary.settings import Settings
from tests.apps import app_on, client_of
from tests.databases import put_migrated_file
from tests.durability.direct import Office, Pair, office
from tests.live import HOST, LiveServer, free_port, start_server

DATABASE = "ostiary.db"
JOURNAL = "revocations.journal"


@dataclass(frozen=True)
class Site:
    data: Path

    @property
    def database(self) -> Path:
        return self.data / DATABASE

    @property
    def journal(self) -> Path:
        return self.data / JOURNAL

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.data)

    def run(self, *args: str, **env: str) -> Result:
        env = {"OSTIARY_DATA_DIR": str(self.data), **env}
        return CliRunner().invoke(program, [*args], env=env, catch_exceptions=False)

    def cli(self, *args: str, **env: str) -> Any:  # noqa: ANN401 - whatever the command prints
        done = self.run(*args, "--json", **env)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def refused(self, *args: str, **env: str) -> str:
        """What the command says when it refuses."""
        done = self.run(*args, **env)
        assert done.exit_code == 1, done.output
        return done.stderr

    def backup(self, place: Path) -> Path:
        return Path(self.cli("backup", str(place))["file"])

    @contextmanager
    def office(self) -> Iterator[Office]:
        with office(self.settings) as opened:
            yield opened

    @contextmanager
    def served(self) -> Iterator[TestClient]:
        with app_on(self.settings) as made:
            yield client_of(made, self.settings, HOST)

    @contextmanager
    def serving(self) -> Iterator[LiveServer]:
        """In a process of its own."""
        with start_server(os.environ | {"OSTIARY_DATA_DIR": str(self.data)}, free_port()) as server:
            yield server

    def moved_to(self, data: Path, *names: str) -> "Site":
        """Another machine, on which there is the master key and what else is named."""
        data.mkdir()
        for name in (FILE_NAME, *names):
            shutil.copy2(self.data / name, data / name)
        return Site(data)


def new_site(data: Path) -> Site:
    data.mkdir(mode=0o700)
    put_migrated_file(data / DATABASE)
    return Site(data)


def ask(client: TestClient, pair: Pair) -> tuple[int, dict[str, Any]]:
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    answer = client.post("/oauth/token", json=sent)
    return answer.status_code, answer.json()


def token(client: TestClient, pair: Pair) -> str:
    status, body = ask(client, pair)
    assert status == 200, body
    return str(body["access_token"])


def banks_with(client: TestClient, access_token: str) -> tuple[int, str]:
    answer = client.get("/api/banks", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code, answer.json().get("error_message", "")


def on_postgresql(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})
