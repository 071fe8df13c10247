"""`--profile` and `--server` with a login: which server a command asks, as whom, and when it asks none."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ostiary.cli.login_profile import Profile, ProfileFile
from ostiary.cli.program import program
from tests.cli.by_server import Scene, made, refused, scene
from tests.cli.conftest import Done, strict_json

__all__ = ["made", "scene"]

pytestmark = pytest.mark.any_database


@pytest.fixture
def config(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Alice is signed in at the server, in the usual profile and in one with a name."""
    monkeypatch.setenv("OSTIARY_CONFIG_DIR", str(tmp_path))
    for name in ("default", "prod"):
        file = ProfileFile(name)
        with file.locked():
            file.save(Profile(scene.made.live.base_url, scene.token, time.time() + 600, "planted-refresh-token"))
    return tmp_path


def run(scene: Scene, config: Path, *args: str, **env: str) -> Done:
    mine = {"OSTIARY_DATA_DIR": str(scene.nowhere), "OSTIARY_CONFIG_DIR": str(config), **env}
    done = CliRunner().invoke(program, list(args), None, mine, catch_exceptions=False)
    assert not scene.nowhere.exists()
    assert "planted" not in done.stdout + done.stderr
    assert scene.token not in done.stdout + done.stderr
    return Done(done.exit_code, done.stdout, done.stderr)


def test_works_as_the_login_that_is_chosen(scene: Scene, config: Path) -> None:
    url = scene.made.live.base_url
    for more, env in (
        (["--profile", "prod"], {}),
        ([], {"OSTIARY_PROFILE": "prod"}),
        (["--server", url], {}),
        (["--server", f"{url}/"], {}),
        (["--server", url, "--profile", "prod"], {}),
        (["--profile", "prod"], {"OSTIARY_TOKEN": "not.asked.for"}),
    ):
        listed = strict_json(run(scene, config, "banks", "list", "--json", *more, **env))
        assert [one["guid"] for one in listed["objects"]] == [scene.north]


def test_takes_the_token_that_somebody_set_before_the_usual_login(scene: Scene, config: Path) -> None:
    done = run(scene, config, "banks", "list", "--server", scene.made.live.base_url, OSTIARY_TOKEN="a.b.c")
    assert refused(done, "does not accept the token of OSTIARY_TOKEN")


def test_asks_no_other_server_than_the_logins(scene: Scene, config: Path) -> None:
    done = run(scene, config, "banks", "list", "--server", "https://elsewhere.example", "--profile", "prod")
    assert refused(done, f"The login prod is one at {scene.made.live.base_url}")
    assert done.stderr.endswith("with: ostiary login --server https://elsewhere.example --profile prod\n")


def test_says_how_to_sign_in(scene: Scene, config: Path) -> None:
    url = scene.made.live.base_url
    nobody = ["banks", "list", "--profile", "nobody"]
    assert refused(run(scene, config, *nobody), "begin with: ostiary login --profile nobody\n")
    assert refused(run(scene, config, *nobody, "--server", url), f"`ostiary login --server {url} --profile nobody`")
    ProfileFile().delete()
    assert refused(run(scene, config, "banks", "list", "--server", url), f"sign in with `ostiary login --server {url}`")
    assert run(scene, config, "banks", "list", "--profile", "../prod").returncode == 2


def test_stays_on_the_local_database_when_no_profile_is_chosen(scene: Scene, config: Path) -> None:
    mine = {**scene.made.live.env, "OSTIARY_CONFIG_DIR": str(config), "OSTIARY_PROFILE": ""}
    done = CliRunner().invoke(program, ["banks", "show", scene.north, "--json"], None, mine, catch_exceptions=False)
    assert "closed_at" in done.stdout
