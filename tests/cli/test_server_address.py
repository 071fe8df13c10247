"""`--server` means one thing: who sends a secret or a token there asks the same rule first."""

from pathlib import Path

import pytest
import typer

from ostiary.cli.server_address import checked, chosen
from tests.cli.conftest import Run

pytestmark = pytest.mark.any_database

SECRET = "planted-secret-canary"
MINE = {"OSTIARY_CLIENT_ID": "ostid_x", "OSTIARY_CLIENT_SECRET": SECRET, "OSTIARY_TOKEN": "a.b.canary"}
COMMANDS = [["token"], ["login"], ["banks", "list"]]
IN_CLEAR = "secrets and tokens would cross the network in clear: use https, or set OSTIARY_ALLOW_INSECURE_HTTP=true"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OSTIARY_CONFIG_DIR", str(tmp_path / "config"))
    for name in ("OSTIARY_ALLOW_INSECURE_HTTP", "OSTIARY_PUBLIC_URL", "OSTIARY_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "server",
    [
        "https://keys.example.com",
        "https://keys.example.com/ostiary",
        "http://127.0.0.1:8400",
        "http://[::1]:8400",
        "http://localhost",
    ],
)
def test_takes_an_address_on_whose_way_nobody_reads(server: str) -> None:
    assert checked(server) == checked(f"{server}/") == server


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("http://keys.example.com", IN_CLEAR),
        ("http://localhost.example.com", IN_CLEAR),
        ("http://10.0.0.1:8400", IN_CLEAR),
        ("keys.example.com", "--server takes an address like https://"),
        ("https://user:word@keys.example.com/", "without user name"),
        ("https://keys.example.com?x=1", "query or fragment"),
        ("https://", "--server takes"),
        ("ftp://localhost", "--server takes"),
        ("", "--server takes"),
    ],
)
def test_no_command_sends_anything_elsewhere(run: Run, command: list[str], server: str, part: str) -> None:
    done = run(*command, "--server", server, "--json", **MINE)
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "server",
    ["http://no-such-host.invalid", "https://127.0.0.1:9", "https://a..b", "https://localhost:99999"],
)
def test_each_command_says_that_nobody_answers(run: Run, command: list[str], server: str) -> None:
    done = run(*command, "--server", server, "--json", **MINE, OSTIARY_ALLOW_INSECURE_HTTP="true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"No answer from {server}")
    assert "canary" not in done.stderr


def test_asks_for_no_secret_that_it_would_not_send(run: Run) -> None:
    done = run("token", "--server", "http://keys.example.com")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Client" not in done.stderr


@pytest.mark.parametrize("command", [["token"], ["login"]])
def test_holds_the_configured_address_to_the_rule(run: Run, command: list[str]) -> None:
    done = run(*command, **MINE, OSTIARY_PUBLIC_URL="http://keys.example.com")
    assert (done.returncode, done.stdout) == (2, "")
    assert IN_CLEAR in done.stderr


def test_takes_the_configured_address_when_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_PUBLIC_URL", "https://keys.example.com/")
    assert chosen(None) == "https://keys.example.com"
    assert chosen("https://elsewhere.example/") == "https://elsewhere.example"
    with pytest.raises(typer.Exit):
        chosen("")
