"""`ostiary login`, `whoami` and `logout` against a live server, and the file in which a login rests."""

import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from ostiary.app import Ostiary
from ostiary.cli import login_client
from ostiary.cli.login_client import LoginClient, Refusal
from ostiary.cli.login_profile import CONFIG_DIR, PROFILE, NotSignedIn, Profile, ProfileFile
from ostiary.cli.program import program
from ostiary.settings import Settings
from ostiary.users.models import Login
from tests.cli.conftest import Run, strict_json
from tests.live import COMMAND_SECONDS, LiveServer, free_port
from tests.people import Cast
from tests.programs import Program, approve, code_of, signed_in, start_login

AT_ONCE = 4
NO_TIME = '{"server": "x", "access_token": "a", "refresh_token": "b", "expires_at": null}'


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def env(env: dict[str, str], live: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of somebody who works with the live server and keeps logins in a folder of their own."""
    folder = str(tmp_path / "config")
    monkeypatch.setenv(CONFIG_DIR, folder)
    return {**env, **live.env, CONFIG_DIR: folder}


@pytest.fixture
def known(cast: Cast, live: LiveServer, env: dict[str, str]) -> ProfileFile:
    """Alice is signed in already, at the live server, which stands on the same database."""
    assert env[CONFIG_DIR]
    answer = signed_in(cast, Program(cast.ostiary, cast.settings), "Alice", scope="banks:read organizations:read")
    file = ProfileFile()
    with file.locked():
        # Of another issuer's making, so that it has to be refreshed first.
        file.save(Profile(live.base_url, answer["access_token"], 0.0, answer["refresh_token"]))
    return file


def test_signs_in_shows_who_it_is_and_signs_out(cast: Cast, live: LiveServer, env: dict[str, str], run: Run) -> None:
    process = start_login(env, "--bank", cast.south, "--json")
    approve(cast, cast.signed_in("Dana"), code_of(process))
    stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert (told["server"], told["profile"]) == (live.base_url, "default")
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


def test_refreshes_once_for_many_commands_at_once(cast: Cast, known: ProfileFile) -> None:
    stale = known.get()
    clients = [LoginClient(ProfileFile()) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda client: client.request("GET", "/api/banks"), clients))
    assert [each.status_code for each in answers] == [200] * AT_ONCE
    assert {each["guid"] for each in answers[0].json()["objects"]} == {cast.north, cast.south}
    fresh = known.get()
    assert fresh.refresh_token != stale.refresh_token
    assert fresh.expires_at > time.time()
    # Nobody came a second time with the old one.
    assert clients[0].request("GET", "/api/banks").status_code == 200


def test_asks_anew_when_the_servers_clock_is_ahead(known: ProfileFile, monkeypatch: pytest.MonkeyPatch) -> None:
    client = LoginClient(known)
    assert client.request("GET", "/api/banks").status_code == 200
    calls: list[str] = []
    send = LoginClient._sent

    def late(self: LoginClient, method: str, path: str, token: str, more: Any) -> Any:  # noqa: ANN401 - httpx's
        """As if the first token had expired on its way."""
        calls.append(token)
        answer = send(self, method, path, token if len(calls) > 1 else "x", more)
        if len(calls) == 1:
            answer._content = b'{"error_message": "Signature has expired"}'
        return answer

    monkeypatch.setattr(LoginClient, "_sent", late)
    assert client.request("GET", "/api/banks").status_code == 200
    assert len(set(calls)) == 2


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
