"""A server's start and end: what it says when it cannot, and what it finishes before it goes."""

import contextlib
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live import COMMAND_SECONDS, HOST, STOP_SECONDS, LiveServer, environment, free_port
from tests.server.conftest import Wire, eventually

BODY = '{{"grant_type":"client_credentials","client_id":"{client_id}","client_secret":"{client_secret}"}}'


def made_pair(live: LiveServer) -> dict[str, Any]:
    made: dict[str, Any] = live.cli("init", "--organization", "Acme", "--bank", "North")
    return made


def token_request(pair: dict[str, Any]) -> bytes:
    body = BODY.format_map(pair).encode()
    head = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def refused_start(folder: Path, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "serve"],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def test_writes_when_a_key_was_used_within_seconds(live: LiveServer) -> None:
    pair = made_pair(live)
    with Wire(live.port) as wire:
        wire.send(token_request(pair))
        assert wire.hear().status == 200
    shown = eventually(lambda: (key := live.cli("keys", "show", pair["client_id"]))["last_used_at"] and key)
    assert shown["last_used_from"] == HOST


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_finishes_what_it_began_and_loses_no_count(live: LiveServer, sent: signal.Signals) -> None:
    pair = made_pair(live)
    whole = token_request(pair)
    with Wire(live.port) as wire:
        wire.send(whole[:-10])
        # The server has read the beginning once it answers what was sent after it.
        assert live.is_ready()
        live.process.send_signal(sent)
        eventually(lambda: not accepts(live.port))
        wire.send(whole[-10:])
        assert wire.hear().status == 200
    assert live.process.wait(STOP_SECONDS) in {0, -signal.SIGTERM}
    shown = live.cli("keys", "show", pair["client_id"])
    assert shown["last_used_from"] == HOST, "what was counted last is written before the end"
    assert "Traceback" not in live.last_words()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.mark.any_database
def test_says_that_its_port_is_taken(live: LiveServer) -> None:
    done = refused_start(live.folder, live.env)
    assert done.returncode == 1
    assert str(live.port) in done.stderr
    assert "in use" in done.stderr
    assert live.is_ready()


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OSTIARY_HOST", "0.0.0.0", "OSTIARY_HOST=0.0.0.0 is reachable from other machines"),  # noqa: S104
        ("OSTIARY_MASTER_KEY", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=", "The master key does not fit"),
    ],
)
def test_ends_with_a_sentence_when_it_may_not_start(live: LiveServer, name: str, value: str, sentence: str) -> None:
    done = refused_start(live.folder, {**live.env, name: value})
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr


def test_holds_more_connections_than_a_shell_allows(database_url: str, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The server inherits what this process allows itself, which has files of its own open.
    allowed = len(list(Path("/proc/self/fd").iterdir())) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(allowed, hard), hard))
    try:
        server = LiveServer(environment(tmp_path / "data", database_url), free_port())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with contextlib.ExitStack() as opened:
        opened.callback(server.stop)
        for _ in range(allowed + 100):
            opened.enter_context(Wire(server.port))
        assert server.is_ready()
