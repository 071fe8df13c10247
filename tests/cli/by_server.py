"""One organization reached both ways: by the operator on the database, and by its people through a server's API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostiary.cli.program import program
from tests.cli.conftest import Done, strict_json
from tests.durability.installation import Installation, installed
from tests.identity.live_people import token_of
from tests.postgres import Postgres

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """Acme with its bank North, and the token of its owner."""

    made: Installation
    acme: str
    north: str
    token: str = field(repr=False)

    def here(self, *args: str, said: str = "") -> Done:
        """On the database itself."""
        return self._run(args, said, self.made.live.env)

    def there(self, *args: str, said: str = "", token: str = "", server: str = "") -> Done:
        """Through the API alone: the local installation would stand where nothing is."""
        token = token or self.token
        env = {"OSTIARY_DATA_DIR": str(self.nowhere), "OSTIARY_TOKEN": token}
        done = self._run([*args, "--server", server or self.made.live.base_url], said, env)
        assert not self.nowhere.exists()
        assert token not in done.stdout + done.stderr
        return done

    def told_here(self, *args: str, said: str = "") -> Any:  # noqa: ANN401 - whatever the command prints
        return strict_json(self.here(*args, "--json", said=said))

    def told_there(self, *args: str, said: str = "", token: str = "", server: str = "") -> Any:  # noqa: ANN401 - likewise
        return strict_json(self.there(*args, "--json", said=said, token=token, server=server))

    def login(self, name: str, role: str = "owner", bank_guid: str = "") -> str:
        """The token of somebody new in Acme. Addresses are unique, so a name is lengthened by the organization."""
        return token_of(self.made, f"{name}{self.acme}", self.acme, role, bank_guid)

    @property
    def nowhere(self) -> Path:
        return self.made.live.folder / "nowhere"

    def _run(self, args: Any, said: str, env: Mapping[str, str]) -> Done:  # noqa: ANN401 - some words
        done = CliRunner().invoke(program, list(args), said, env, catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def made(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("server")) as installation:
        yield installation


@pytest.fixture
def scene(made: Installation) -> Scene:
    first = made.live.cli("init", "--organization", "Acme", "--bank", "North")
    acme = first["organization_guid"]
    return Scene(made, acme, first["bank_guid"], token_of(made, f"Alice{acme}", acme))


def missing(there: Facts, here: Facts) -> set[str]:
    """What the API does not tell; fails where it tells otherwise, or in another order."""
    assert {name: here[name] for name in there} == there
    assert list(there) == [name for name in here if name in there]
    return set(here) - set(there)


def refused(done: Done, *parts: str) -> bool:
    """One sentence on standard error, exit code 1, nothing else."""
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    assert [part for part in parts if part not in done.stderr] == [], done.stderr
    return True
