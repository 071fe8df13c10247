"""The command line: one object on standard output, a sentence on standard error, 0, 1 or 2 in the end."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_tells_what_to_do_when_there_is_nothing_yet(run: Run) -> None:
    for name in ("keys", "banks", "organizations"):
        done = run(name, "list")
        assert done.returncode == 0
        assert "There is no" in done.stdout
    assert json.loads(run("keys", "list", "--json").stdout) == {"total": 0, "objects": []}


def test_makes_a_pair_and_asks_before_it_stops_working(run: Run) -> None:
    made = json.loads(run("init", "--organization", "Ümläut [bold]:smile:", "--bank", "北行", "--json").stdout)
    assert made.keys() >= {"organization_guid", "bank_guid", "client_id", "client_secret"}
    asked = run("keys", "revoke", made["client_id"])
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "refused at once, for good" in asked.stderr
    assert "--yes" in asked.stderr
    assert json.loads(run("keys", "show", made["client_id"], "--json").stdout)["status"] == "active"
    assert "Ümläut [bold]:smile:" in run("organizations", "list").stdout
    revoked = run("keys", "revoke", made["client_id"], "--yes", "--json")
    assert json.loads(revoked.stdout)["status"] == "revoked"
    assert "client_secret" not in revoked.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["keys", "create", "--name", "x"],
        ["keys", "create", "--name", "x", "--organization-key", "--expires-in", "5"],
        ["keys", "allow", "x"],
        ["bogus"],
        ["token", "--client-secret", "x"],
    ],
)
def test_ends_with_2_when_the_command_is_wrong(run: Run, args: list[str]) -> None:
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_ends_with_1_when_it_refuses(run: Run) -> None:
    done = run("keys", "create", "--bank", "nope", "--name", "x", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "bank not found\n")


def test_recognises_a_secret_pasted_by_mistake(run: Run) -> None:
    secret = "ost_sandbox_" + "a" * 49
    done = run("inspect", said=secret)
    assert done.returncode == 1
    assert done.stderr.startswith("This is a client secret")
    assert secret not in done.stderr + done.stdout


@pytest.mark.parametrize("said", ["", "garbage", "a.b.c", "{", '{"a":' * 9000, '{"x":1}'])
def test_says_what_cannot_be_explained(run: Run, said: str) -> None:
    done = run("inspect", said=said)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_explains_a_pasted_refusal(run: Run) -> None:
    done = run("inspect", "--json", said='{"status":401,"error_message":"Signature has expired"}')
    assert "Make a new token" in json.loads(done.stdout)["what_to_do"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OSTIARY_PORT", "x", "OSTIARY_PORT: "),
        ("OSTIARY_HOST", "0.0.0.0", "OSTIARY_HOST=0.0.0.0 is reachable"),  # noqa: S104
        ("OSTIARY_PUBLIC_URL", "ftp://x", "OSTIARY_PUBLIC_URL: must look like"),
        ("OSTIARY_TRUSTED_PROXIES", "nobody", "OSTIARY_TRUSTED_PROXIES: "),
        ("OSTIARY_MASTER_KEY", "short", "OSTIARY_MASTER_KEY must hold 32 random bytes"),
        ("OSTIARY_DATABASE_URL", "sqlite:///:memory:", "OSTIARY_DATABASE_URL must name a file"),
    ],
)
def test_names_the_variable_that_is_wrong(run: Run, name: str, value: str, sentence: str) -> None:
    done = run("doctor", **{name: value})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)


def test_names_a_data_folder_it_cannot_write(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    done = run("doctor", OSTIARY_DATA_DIR="/proc/nowhere", OSTIARY_DATABASE_URL=url, OSTIARY_MASTER_KEY="")
    assert done.returncode == 1
    assert done.stderr.startswith("OSTIARY_DATA_DIR: ")


def test_makes_no_key_under_another_databases_master_key(run: Run) -> None:
    made = json.loads(run("init", "--organization", "Acme", "--bank", "North", "--json").stdout)
    other = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    done = run("keys", "create", "--bank", made["bank_guid"], "--name", "x", "--json", OSTIARY_MASTER_KEY=other)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The master key does not fit this database" in done.stderr


COMPLAINS = """
import structlog
from ostiary.cli import main, session
prepare = session.House.prepare
def complaining(house):
    structlog.get_logger("planted").warning("something_is_odd")
    prepare(house)
session.House.prepare = complaining
main()
"""


@pytest.mark.any_database
def test_keeps_standard_output_to_what_a_command_answers(real: Run) -> None:
    done = real("init", "--organization", "Acme", "--bank", "North", "--json", program=["-c", COMPLAINS])
    assert "something_is_odd" in done.stderr
    assert json.loads(done.stdout).keys() >= {"client_id", "client_secret"}


@pytest.mark.any_database
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_shows_the_secret_on_a_terminal_that_cannot_write_the_name(real: Run, encoding: str) -> None:
    done = real("init", "--organization", "Ümläut", "--bank", "北", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ost_sandbox_" in done.stdout
    listed = real("banks", "list", PYTHONIOENCODING=encoding)
    assert (listed.returncode, listed.stderr) == (0, "")
