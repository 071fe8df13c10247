"""`ostiary token` against a live server, with a pair from the environment or typed at a terminal."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.inside import answered_by
from tests.live import HOST, LiveServer, free_port
from tests.server.conftest import eventually

pytestmark = pytest.mark.any_database


@pytest.fixture
def pair(live: LiveServer) -> dict[str, Any]:
    made: dict[str, Any] = live.cli("init", "--organization", "Acme", "--bank", "North")
    return made


def test_gets_a_token_and_explains_it_and_each_refusal(live: LiveServer, pair: dict[str, Any], run: Run) -> None:
    mine = {**live.env, "OSTIARY_CLIENT_ID": pair["client_id"], "OSTIARY_CLIENT_SECRET": pair["client_secret"]}
    answer = json.loads(run("token", "--json", **mine).stdout)
    assert answer["token_type"] == "Bearer"
    plain = run("token", "--scope", "customers:read", **mine)
    assert plain.stdout.count(".") == 2
    explained = json.loads(run("inspect", "--json", said=plain.stdout, **live.env).stdout)
    assert (explained["kind"], explained["is_expired"]) == ("token", False)
    assert (explained["bank_guid"], explained["scope"]) == (pair["bank_guid"], "customers:read")
    for args, more, sentence in (
        (["--scope", "everything"], mine, "invalid_scope: "),
        ([], {**mine, "OSTIARY_CLIENT_SECRET": pair["client_secret"][:-1]}, "invalid_client: "),
        (["--server", f"http://127.0.0.1:{free_port()}"], mine, "No answer from "),
        (
            ["--server", f"{live.base_url}/nowhere"],
            mine,
            f"{live.base_url}/nowhere/oauth/token did not answer like an Ostiary",
        ),
    ):
        done = run("token", *args, "--json", **more)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(sentence)
        assert pair["client_secret"] not in done.stderr
        assert "Traceback" not in done.stderr


def test_asks_for_the_pair_and_does_not_show_the_secret(live: LiveServer, pair: dict[str, Any]) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ostiary", "token"],
        cwd=live.folder,
        env=live.env,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for question, said in (b"Client ID", pair["client_id"]), (b"Client Secret", pair["client_secret"]):
        while question not in shown:
            shown += os.read(ours, 4096)
        if question == b"Client Secret":
            # What is typed before the terminal stops echoing is thrown away.
            eventually(lambda: not termios.tcgetattr(ours)[3] & termios.ECHO)
        os.write(ours, said.encode() + b"\n")
    printed, _ = process.communicate(timeout=15)
    os.close(ours)
    assert process.returncode == 0
    assert printed.count(b".") == 2
    assert pair["client_secret"].encode() not in shown


@contextmanager
def somebody_else(status: int, answer: object) -> Iterator[str]:
    """A server that answers every POST alike."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with answered_by(Answers) as port:
        yield f"http://{HOST}:{port}"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"error": "none"}),
        (401, {"access_token": "none"}),
        (400, {"error": "\x1b[31mred", "error_description": "\x1b]0;title\x07"}),
        (200, {"access_token": "\x1b[31mred"}),
        (200, {"access_token": None}),
        (200, ["access_token"]),
        (200, "access_token"),
    ],
)
def test_trusts_no_server_with_the_terminal(run: Run, status: int, answer: object) -> None:
    with somebody_else(status, answer) as server:
        mine = {"OSTIARY_CLIENT_ID": "x", "OSTIARY_CLIENT_SECRET": "y"}
        done = run("token", "--server", server, **mine)
    assert "\x1b" not in done.stdout + done.stderr
    assert (done.returncode == 1) == (not done.stdout)
