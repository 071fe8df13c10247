"""What `ostiary login` makes of servers that answer nonsense."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ostiary.cli import logins
from ostiary.cli.login_client import NoAnswer, profile_of
from ostiary.cli.login_profile import ProfileFile
from tests.cli.answering import Answer, answering
from tests.cli.conftest import Run, strict_json

pytestmark = pytest.mark.any_database

CODES = {
    "device_code": "ost_device_x",
    "user_code": "WDJB-MJHT",
    "verification_uri_complete": "https://keys.example.com/device?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 5,
}
TOKENS = {"access_token": "a.e30.c", "refresh_token": "ost_refresh_x", "expires_in": 900}
# As the raw text of a JSON number, for some cannot be written otherwise.
NO_SECONDS = [
    "-1",
    "1e999",
    "-1e999",
    "NaN",
    "1" + "0" * 400,
    "1e18",
    "1000000000",
    '"soon"',
    "true",
    "null",
    "[]",
    "{}",
]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """How long each wait would have been."""
    monkeypatch.setenv("OSTIARY_CONFIG_DIR", str(tmp_path / "config"))
    waited: list[int] = []
    monkeypatch.setattr(logins, "_wait", waited.append)
    return waited


def raw(members: Mapping[str, Any], name: str, number: str) -> bytes:
    """An answer with one member in a spelling of its own."""
    return json.dumps({**members, name: "@"}).replace('"@"', number).encode()


def sign_in(run: Run, codes: object, tokens: object) -> tuple[Any, str]:
    def answer(path: str) -> Answer:
        return Answer(200, codes if path == "/oauth/device_authorization" else tokens)

    with answering(answer) as server:
        return run("login", "--server", server, "--json"), server


def test_signs_in_where_the_answers_make_sense(run: Run, pauses: list[int]) -> None:
    for codes, pause in (CODES, 5), ({**CODES, "interval": 0}, 1), ({**CODES, "interval": 60}, 60):
        done, server = sign_in(run, codes, TOKENS)
        assert strict_json(done._replace(stderr=""))["server"] == server
        assert pauses.pop() == pause


def test_pauses_as_the_standard_says_when_the_server_names_no_pause(run: Run, pauses: list[int]) -> None:
    codes = {name: value for name, value in CODES.items() if name != "interval"}
    assert sign_in(run, codes, TOKENS)[0].returncode == 0
    assert pauses == [5]


@pytest.mark.parametrize("number", NO_SECONDS)
@pytest.mark.parametrize("name", ["interval", "expires_in"])
def test_refuses_codes_with_impossible_times(run: Run, pauses: list[int], name: str, number: str) -> None:
    done, server = sign_in(run, raw(CODES, name, number), TOKENS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{server} did not answer like an Ostiary; check --server\n"
    assert pauses == []


@pytest.mark.parametrize("number", NO_SECONDS)
def test_refuses_tokens_with_impossible_times(run: Run, number: str) -> None:
    done, server = sign_in(run, CODES, raw(TOKENS, "expires_in", number))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{server} did not answer like an Ostiary; check --server\n")
    assert "ost_refresh" not in done.stderr
    assert not ProfileFile().path.exists()


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri_complete", "expires_in"])
def test_refuses_codes_of_which_one_is_missing(run: Run, name: str) -> None:
    for codes in ({key: value for key, value in CODES.items() if key != name}, {**CODES, name: ["x"]}):
        done, _ = sign_in(run, codes, TOKENS)
        assert (done.returncode, done.stdout) == (1, "")
        assert "did not answer like an Ostiary" in done.stderr


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_refuses_tokens_of_which_one_is_missing(name: str) -> None:
    for given in ({key: value for key, value in TOKENS.items() if key != name}, {**TOKENS, name: None}):
        with pytest.raises(NoAnswer, match="did not answer like an Ostiary"):
            profile_of("https://keys.example.com", given)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(200, b"<html>"), "did not answer like an Ostiary"),
        (Answer(302, b"", {"Location": "https://elsewhere.example"}), "sends callers on to https://elsewhere.example"),
        (Answer(502, b"<html>"), "answered with status 502 only"),
        (
            Answer(503, {"status": 503, "message_code": "service_unavailable", "error_message": "Away \x1b[31m"}),
            "Away \N{REPLACEMENT CHARACTER}[31m",
        ),
    ],
)
def test_does_not_guess_who_somebody_is(run: Run, answer: Answer, sentence: str) -> None:
    with answering(lambda _: answer) as server:
        file = ProfileFile()
        with file.locked():
            file.save(profile_of(server, TOKENS))
        done = run("whoami", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "\x1b" not in done.stderr


def test_trusts_no_server_with_the_terminal(run: Run) -> None:
    said = {"error": "server_error", "error_description": "\x1b[31mred"}
    for status in 400, 503:
        with answering(lambda _, status=status: Answer(status, said)) as server:  # type: ignore[misc]  # a loop's own
            done = run("login", "--server", server)
        assert (done.returncode, done.stdout) == (1, "")
        assert "[31mred" in done.stderr
        assert "\x1b" not in done.stderr


def test_refuses_an_answer_that_nests_too_deeply(run: Run) -> None:
    done, _ = sign_in(run, b"[" * 100_000, TOKENS)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did not answer like an Ostiary" in done.stderr
