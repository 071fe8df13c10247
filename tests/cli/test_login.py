"""`ostiary login`, `whoami` and `logout` against a server on a real port, and the file in which a login rests."""

import json
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from ostiary.app import Ostiary
from ostiary.cli import login_client
from ostiary.cli.login_client import LoginClient, Refusal
from ostiary.cli.login_profile import CONFIG_DIR, PROFILE, NotSignedIn, Profile, ProfileFile
from ostiary.cli.program import program
from ostiary.cli.remote.api import Api
from ostiary.cli.remote.login import LoginToken
from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.logins import LoginTokens
from ostiary.oauth.queries import by_login_guid
from ostiary.settings import Settings
from ostiary.users.models import Login
from tests.apps import second_app
from tests.cli.conftest import Run, strict_json
from tests.inside import serving
from tests.live import COMMAND_SECONDS, HOST, free_port
from tests.people import Cast
from tests.programs import Program, approve, code_of, signed_in, start_login

pytestmark = pytest.mark.any_database


AT_ONCE = 4
NO_TIME = '{"server": "x", "access_token": "a", "refresh_token": "b", "expires_at": null}'


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"public_url": f"http://{HOST}:{port}"})


@pytest.fixture
def server(settings: Settings, port: int) -> Iterator[str]:
    """The address of a server on a real port, which stands on the same database as `ostiary`."""
    with second_app(settings) as made, serving(made, port):
        yield settings.issuer


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def env(env: dict[str, str], server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of somebody who works with the server and keeps logins in a folder of their own."""
    folder = str(tmp_path / "config")
    monkeypatch.setenv(CONFIG_DIR, folder)
    return {**env, "OSTIARY_PUBLIC_URL": server, CONFIG_DIR: folder}


@pytest.fixture
def known(cast: Cast, server: str, env: dict[str, str]) -> ProfileFile:
    """Alice is signed in already, with a token that has to be refreshed first."""
    assert env[CONFIG_DIR]
    answer = signed_in(cast, Program(cast.ostiary, cast.settings), "Alice", scope="banks:read organizations:read")
    file = ProfileFile()
    with file.locked():
        file.save(Profile(server, answer["access_token"], 0.0, answer["refresh_token"]))
    return file


def test_signs_in_shows_who_it_is_and_signs_out(cast: Cast, server: str, env: dict[str, str], run: Run) -> None:
    process = start_login(env, "--bank", cast.south, "--json")
    approve(cast, cast.signed_in("Dana"), code_of(process))
    stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert (told["server"], told["profile"]) == (server, "default")
    assert (told["user_guid"], told["bank_guid"]) == (cast["Dana"].membership_guid, cast.south)
    asked = strict_json(run("whoami", "--json", **env))
    assert (asked["organization"], asked["bank"]) == ("Acme", "South")
    assert "token" not in {*told, *asked}
    path = ProfileFile().path
    assert path.is_relative_to(env[CONFIG_DIR])
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]
    token = ProfileFile().get().access_token
    assert strict_json(run("logout", "--json", **env))["status"] == "signed out"
    assert not path.exists()
    assert Program(cast.ostiary, cast.settings).get("/api/banks", token).status_code == 401
    with cast.store.reading() as db:
        assert db.scalars(sa.select(Login)).all() == []
    for command in ("whoami", "logout"):
        done = run(command, "--json", **env)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("You are not signed in: begin with: ostiary login")


def test_obeys_the_profile_of_the_environment(cast: Cast, env: dict[str, str], known: ProfileFile, run: Run) -> None:
    usual = known.get()
    process = start_login({**env, PROFILE: "work"}, "--json")
    approve(cast, cast.signed_in("Dana"), code_of(process))
    stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["profile"] == "work"
    assert known.get() == usual
    work = {**env, PROFILE: "work"}
    assert strict_json(run("whoami", "--json", **work))["user_guid"] == cast["Dana"].membership_guid
    assert strict_json(run("whoami", "--json", "--profile", "default", **work))["profile"] == "default"
    assert strict_json(run("logout", "--json", **work))["profile"] == "work"
    assert [each.path.exists() for each in (known, ProfileFile("work"))] == [True, False]
    for command in ("whoami", "logout"):
        done = run(command, **work)
        assert done.stderr.endswith("with the profile work: begin with: ostiary login --profile work\n")
    # An empty one is as good as none.
    empty = CliRunner().invoke(program, ["whoami", "--json"], None, {**env, PROFILE: ""})
    assert json.loads(empty.stdout)["profile"] == "default"


def test_says_so_when_it_was_denied(cast: Cast, env: dict[str, str]) -> None:
    process = start_login(env, "--profile", "work")
    cast.signed_in("Alice").post("/device/denial", data={"user_code": code_of(process)})
    stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert (process.returncode, stdout) == (1, "")
    assert "The request was denied" in stderr
    assert not ProfileFile("work").path.exists()


def test_ends_the_login_it_replaces(cast: Cast, env: dict[str, str], known: ProfileFile) -> None:
    before = known.get()
    process = start_login(env)
    approve(cast, cast.signed_in("Alice"), code_of(process))
    _, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, stderr
    assert Program(cast.ostiary, cast.settings).refresh(before.refresh_token).status_code == 400
    with cast.store.reading() as db:
        assert len(db.scalars(sa.select(Login)).all()) == 1


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (
            ["--server", "http://keys.example.com"],
            2,
            "http://keys.example.com is not https, so secrets and tokens would",
        ),
        (["--server", f"http://127.0.0.1:{free_port()}"], 1, "No answer from "),
        (["--server", "nonsense"], 2, "--server takes an address like"),
        (["--scope", "everything"], 1, "'everything' is not a scope"),
        (["--bank", "north"], 1, "bank_guid is 32 letters"),
        (["--profile", "../../etc"], 2, "--profile takes up to 32 small letters"),
        (["--password", "x"], 2, "Usage"),
    ],
)
def test_says_what_is_wrong(run: Run, env: dict[str, str], args: list[str], code: int, sentence: str) -> None:
    done = run("login", *args, "--json", **env)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(sentence)


def test_refreshes_once_for_many_commands_at_once(cast: Cast, server: str, known: ProfileFile) -> None:
    def banks(_: object = None) -> set[str]:
        with Api(server, LoginToken(LoginClient(ProfileFile()))) as api:
            return {each["guid"] for each in api.every("/api/banks")}

    stale = known.get()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(banks, range(AT_ONCE)))
    assert answers == [{cast.north, cast.south}] * AT_ONCE
    fresh = known.get()
    assert fresh.refresh_token != stale.refresh_token
    assert fresh.expires_at > time.time()
    # Nobody came a second time with the old one.
    assert banks() == answers[0]


def test_asks_anew_when_the_servers_clock_is_ahead(
    cast: Cast, server: str, known: ProfileFile, run: Run, env: dict[str, str]
) -> None:
    keys = cast.ostiary.keys
    with cast.store.reading() as db:
        login = by_login_guid(db, db.scalars(sa.select(Login.guid)).one(), keys.current_kid)
    assert login is not None
    late = LoginTokens(AccessTokens(server, keys), -60).issue(login).token.decode()
    with known.locked():
        known.save(Profile(server, late, time.time() + 600, known.get().refresh_token))
    assert strict_json(run("whoami", "--json", **env))["organization"] == "Acme"
    assert known.get().access_token != late


def test_names_what_the_login_may_know(known: ProfileFile, run: Run, env: dict[str, str]) -> None:
    assert known.path.exists()
    told = strict_json(run("whoami", "--json", **env))
    # It holds no right to look at people.
    assert told["organization"] == "Acme"
    assert "person" not in told
    assert told["scope"] == ["banks:read", "organizations:read"]


def test_sends_no_login_in_clear(known: ProfileFile, run: Run, env: dict[str, str]) -> None:
    with known.locked():
        known.save(Profile("http://keys.example.com", "a.e30.c", time.time() + 600, "b"))
    done = run("whoami", **env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "would cross the network in clear" in done.stderr


def test_says_that_a_login_has_ended(cast: Cast, known: ProfileFile, run: Run, env: dict[str, str]) -> None:
    with cast.store.writing() as db:
        db.execute(sa.delete(Login))
    work = ProfileFile("work")
    with work.locked():
        work.save(known.get())
    for more, command in ([], "ostiary login"), (["--profile", "work"], "ostiary login --profile work"):
        done = run("whoami", *more, **env)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"This login has ended: sign in again with: {command}\n"


def test_says_that_a_login_has_ended_whose_token_still_lives(
    cast: Cast, known: ProfileFile, run: Run, env: dict[str, str]
) -> None:
    assert run("whoami", **env).returncode == 0
    Program(cast.ostiary, cast.settings).revoke(known.get().refresh_token)
    done = run("whoami", **env)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    said = "does not accept the token of the login default: Login ended. What to do: Sign in again with `ostiary login`"
    assert said in done.stderr


def test_says_what_to_do_about_any_other_refusal(known: ProfileFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise Refusal("unauthorized_client", "We do not know you")

    monkeypatch.setattr(login_client, "ask", refuses)
    with pytest.raises(NotSignedIn, match=r"\AWe do not know you\. Sign in again with: ostiary login\Z"):
        LoginClient(known).access_token()


def test_forgets_a_login_that_the_server_cannot_be_told_about(
    known: ProfileFile, run: Run, env: dict[str, str]
) -> None:
    with known.locked():
        before = known.get()
        away = Profile(f"http://127.0.0.1:{free_port()}", before.access_token, before.expires_at, before.refresh_token)
        known.save(away)
    done = run("logout", "--json", **env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did not answer: the login lives on there" in done.stderr
    assert before.refresh_token not in done.stderr
    assert not known.path.exists()


def test_trusts_no_file_that_others_can_read(known: ProfileFile, run: Run, env: dict[str, str]) -> None:
    known.path.chmod(0o640)
    done = run("whoami", **env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Others can read" in done.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", '{"server": "x"}', '{"server": 1, "more": 2}', NO_TIME])
def test_knows_a_damaged_file(known: ProfileFile, run: Run, env: dict[str, str], content: str) -> None:
    work = ProfileFile("work")
    for file in (known, work):
        file.path.write_text(content)
        file.path.chmod(0o600)
    for more, command in ([], "ostiary login\n"), (["--profile", "work"], "ostiary login --profile work\n"):
        done = run("whoami", *more, **env)
        assert done.returncode == 1
        assert done.stderr.endswith(f"is damaged: sign in again with: {command}")


def test_leaves_the_old_file_when_a_new_one_cannot_be_written(
    known: ProfileFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = known.get()

    def fails(_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fails)
        with pytest.raises(Exception, match="cannot be written: No space left"):
            known.save(Profile("https://x", "a", 0.0, "b"))
    assert known.get() == before
    assert {each.name for each in known.path.parent.iterdir()} == {"default.json", "default.lock"}


def test_shows_no_token_of_a_profile() -> None:
    assert "secret" not in repr(Profile("https://x", "secret-a", 0.0, "secret-b"))
