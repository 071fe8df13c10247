"""What `--server` makes of servers that refuse, are no Ostiary, are away, or mean ill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from ostiary.cli.program import program
from tests.cli.answering import Answer, answering
from tests.cli.conftest import Done, strict_json
from tests.cutting import cutting
from tests.live import HOST

TOKEN = "planted-token.4711.canary"


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Done]:
    """Runs a command against a server; neither the token nor a command to the terminal may come out."""

    def run(server: str, *args: str, **env: str) -> Done:
        mine = {"OSTIARY_TOKEN": TOKEN, "OSTIARY_DATA_DIR": str(tmp_path / "nowhere"), **env}
        words = [*(args or ["banks", "list"]), "--server", server]
        done = CliRunner().invoke(program, words, None, mine, catch_exceptions=False)
        assert not (tmp_path / "nowhere").exists()
        assert "canary" not in done.stdout + done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


def problem(status: int, code: str, message: str, **more: object) -> Answer:
    return Answer(status, {"status": status, "message_code": code, "error_message": message, **more})


REFUSALS = [
    (problem(401, "authentication_failed", "Credential revoked"), "does not accept the token of OSTIARY_TOKEN: "),
    (
        problem(401, "authentication_failed", "Signature has expired", what_to_do="Make a new token"),
        "Signature has expired. What to do: Make a new token\n",
    ),
    (problem(401, "invalid_subject", "Invalid Subject type. Required: user"), "Invalid Subject type. Required: user\n"),
    (problem(403, "invalid_scopes", "Invalid scopes. Required: banks:read"), "Invalid scopes. Required: banks:read\n"),
    (problem(404, "not_found", "route not found"), "does not offer this: it is an older Ostiary"),
    (problem(405, "invalid_request", "Method Not Allowed"), "does not offer this: it is an older Ostiary"),
    (problem(409, "data_exists", "Data exists", what_to_do="Look first."), "Data exists. Look first\n"),
    (problem(422, "invalid_value", "Odd."), "Odd\n"),
    (
        problem(429, "rate_limited", "Too many requests")._replace(headers={"Retry-After": "240"}),
        "Too many requests. Try again in 4 minutes\n",
    ),
    (
        problem(503, "service_unavailable", "Away")._replace(headers={"Retry-After": "1"}),
        "Away. Try again in 1 second\n",
    ),
    (problem(500, "internal_error", "Something went wrong on our side"), "Something went wrong on our side\n"),
    (problem(400, "x", f"You sent {TOKEN} to \x1b[31mus"), "You sent (the token) to \N{REPLACEMENT CHARACTER}[31mus\n"),
    (problem(400, "x", "x" * 480 + TOKEN * 40), "x" * 480 + "(the token)"),
    (problem(400, "x", "x" * 9000), "x" * 500 + "\n"),
    (Answer(400, {"status": 400, "error_message": None, "message_code": ["x"]}), "\n"),
    (
        Answer(502, b"<html>Bad gateway " + TOKEN.encode()),
        "or a proxy before it, answered with status 502 only. Try again",
    ),
    (Answer(429, b"slow down", {"Retry-After": "30"}), "answered with status 429 only. Try again in 30 seconds\n"),
    (Answer(429, b"slow down", {"Retry-After": "Fri, 27 Nov 2026 10:00:00 GMT"}), "status 429 only. Try again later\n"),
    (
        Answer(302, b"", {"Location": f"https://elsewhere.example/?t={TOKEN}"}),
        "on to https://elsewhere.example/?t=(the",
    ),
    (Answer(404, b"<html>Not found"), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, b"<html>Welcome"), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, b"\xff\xfe"), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, b"[" * 100_000), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, ["x"]), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, {"objects": []}), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, {"total": 1, "objects": ["x"]}), "did not answer like an Ostiary; check --server\n"),
    (Answer(200, {"total": 1, "objects": [{"guid": TOKEN}]}), "did not answer like an Ostiary; check --server\n"),
    (Answer(204, b""), "did not answer like an Ostiary; check --server\n"),
]


@pytest.mark.parametrize(("answer", "sentence"), REFUSALS)
def test_says_in_a_sentence_what_a_server_answered(ask: Callable[..., Done], answer: Answer, sentence: str) -> None:
    with answering(lambda _: answer) as server:
        for more in [], ["--json"]:
            done = ask(server, "banks", "list", *more)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
            assert sentence in done.stderr


def test_follows_nobody_elsewhere(ask: Callable[..., Done]) -> None:
    asked: list[str] = []
    with (
        answering(lambda _: Answer(200, {"total": 0, "objects": []}), asked) as elsewhere,
        answering(lambda _: Answer(307, b"", {"Location": elsewhere})) as server,
    ):
        assert ask(server).returncode == 1
    assert asked == []


@pytest.mark.parametrize("server", [f"http://{HOST}:1", "https://no-such-host.invalid", "http://localhost:1/x"])
def test_says_that_nobody_answers(ask: Callable[..., Done], server: str) -> None:
    done = ask(server)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"No answer from {server}: ")


@pytest.mark.parametrize(
    "server", ["https://localhost:99999", "https://a..b", f"https://{'a' * 64}.example", "https://[:::]"]
)
def test_says_that_an_address_cannot_be(ask: Callable[..., Done], server: str) -> None:
    done = ask(server)
    assert (done.returncode in {1, 2}, done.stdout) == (True, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("token", "part"),
    [
        ("", "A server wants a token"),
        ("ost_sandbox_canary", "holds a client secret"),
        ("canary\ncanary", "does not hold a token"),
        ("canary canary", "does not hold a token"),
        ("canäry-canary", "does not hold a token"),
    ],
)
def test_sends_nothing_that_is_no_token(ask: Callable[..., Done], token: str, part: str) -> None:
    asked: list[str] = []
    with answering(lambda _: Answer(200, {}), asked) as server:
        done = ask(server, OSTIARY_TOKEN=token)
    assert (done.returncode, done.stdout, asked) == (1, "", [])
    assert part in done.stderr


def bank(number: int) -> dict[str, Any]:
    lists = ("features", "supported_country_codes", "supported_fiat_account_assets", "supported_trading_symbols")
    return {
        **{name: [] for name in (*lists, "supported_payout_symbols", "cors_allowed_origins")},
        "guid": f"{number:032}",
        "organization_guid": "0" * 32,
        "name": f"Bank {number}",
        "type": "sandbox",
        **dict.fromkeys(("created_at", "updated_at"), "2026-11-27T00:00:00.000Z"),
    }


def test_lists_each_once_and_all_that_stay_while_the_list_changes(ask: Callable[..., Done]) -> None:
    banks = [bank(number) for number in range(250)]
    changes = ["one comes", "one goes", "one goes"]

    def page(path: str) -> Answer:
        query = parse_qs(urlsplit(path).query)
        start, size = int(query["page"][0]) * int(query["per_page"][0]), int(query["per_page"][0])
        said = Answer(200, {"total": len(banks), "objects": banks[start : start + size]})
        if changes and changes.pop(0) == "one comes":
            banks.insert(0, bank(999))
        elif len(said.body["objects"]) > 3:  # type: ignore[index]  # as it was made above
            banks.pop(3)
        return said

    with answering(page) as server:
        listed = strict_json(ask(server, "banks", "list", "--json"))
    guids = [one["guid"] for one in listed["objects"]]
    assert len(guids) == len(set(guids)) == listed["total"]
    assert {one["guid"] for one in banks} - set(guids) <= {bank(999)["guid"]}


def test_begins_again_when_the_last_page_went_away(ask: Callable[..., Done]) -> None:
    banks = [bank(number) for number in range(101)]

    def page(path: str) -> Answer:
        number = int(parse_qs(urlsplit(path).query)["page"][0])
        said = Answer(200, {"total": len(banks), "objects": banks[number * 100 : number * 100 + 100]})
        if len(banks) == 101:
            banks.pop(0)
        return said

    with answering(page) as server:
        listed = strict_json(ask(server, "banks", "list", "--json"))
    assert bank(100)["guid"] in {one["guid"] for one in listed["objects"]}


@pytest.mark.parametrize(
    ("second", "part"),
    [
        (problem(503, "service_unavailable", "Nothing was changed"), "What was to change may have changed"),
        (problem(401, "authentication_failed", "Credential revoked"), "What was to change may have changed"),
        (Answer(502, b"<html>"), "What was to change may have changed"),
        (problem(409, "data_exists", "Data exists: the key ostid_x"), "Data exists: the key ostid_x\n"),
    ],
)
def test_does_not_take_the_second_answer_for_the_first(ask: Callable[..., Done], second: Answer, part: str) -> None:
    asked: list[str] = []
    args = ["keys", "create", "--organization-key", "--name", "x"]
    with answering(lambda _: second, asked) as server, cutting(urlsplit(server).port or 0, 0) as cutter:
        done = ask(cutter.url, *args)
    assert (done.returncode, done.stdout, asked) == (1, "", ["POST /api/organization_applications"] * 2)
    assert part in done.stderr
