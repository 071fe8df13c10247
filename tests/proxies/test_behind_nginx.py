"""A real nginx in front: it says who called, and what callers say of themselves changes nothing (checks: C-12)."""

import http.client
import json
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ostiary.settings import Settings
from ostiary.web.asgi import Header
from tests.live import HOST, LiveServer, environment, free_port, start_server
from tests.proxies.hostile import headers

# Every address of 127.0.0.0/8 is this machine, so a caller may have one of its own.
LISTED = "127.0.0.77"
ATTACKER = "127.0.0.66"
START_SECONDS = 30

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 4 32k;
    upstream ostiary {{
        server {host}:{upstream};
        keepalive 8;
    }}
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://ostiary;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Front:
    """The door as callers see it, and a key that only LISTED may use."""

    port: int
    client_id: str
    secret: str


@contextmanager
def running_nginx(folder: Path, upstream: int) -> Iterator[int]:
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program is not None, "nginx is not installed; on Debian: apt-get install nginx-light"
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, host=HOST, upstream=upstream, port=port))
    command = [program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(port):
            has_failed = process.poll() is not None or time.monotonic() > deadline
            assert not has_failed, (folder / "error.log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture
def front(settings: Settings, database_url: str, tmp_path: Path) -> Iterator[Front]:
    env = environment(settings.data_dir, database_url) | {"OSTIARY_TRUSTED_PROXIES": HOST}
    with start_server(env, free_port()) as server, running_nginx(tmp_path / "nginx", server.port) as port:
        key = listed_key(server)
        yield Front(port, key["client_id"], key["client_secret"])


def listed_key(server: LiveServer) -> dict[str, str]:
    bank = server.cli("init", "--organization", "Acme", "--bank", "North")["bank_guid"]
    made: dict[str, str] = server.cli("keys", "create", "--bank", bank, "--name", "Listed", "--allow", LISTED)
    return made


class Caller:
    """A connection through nginx from an address of its own."""

    def __init__(self, front: Front, address: str) -> None:
        self.front = front
        self.connection = http.client.HTTPConnection(HOST, front.port, timeout=60, source_address=(address, 0))

    def token(self, more: Sequence[Header] = ()) -> tuple[int, str]:
        """Status and description of POST /oauth/token."""
        sent = {"grant_type": "client_credentials", "client_id": self.front.client_id}
        body = json.dumps(sent | {"client_secret": self.front.secret}).encode()
        self.connection.putrequest("POST", "/oauth/token")
        for name, value in ((b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body)), *more):
            self.connection.putheader(name.decode(), value)
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.headers.get("content-type") != "application/json":
            return answer.status, ""
        return answer.status, json.loads(read).get("error_description", "")

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def calling(front: Front) -> Iterator[Callable[[str], Caller]]:
    made: list[Caller] = []

    def call_from(address: str) -> Caller:
        made.append(Caller(front, address))
        return made[-1]

    yield call_from
    for caller in made:
        caller.close()


def sendable(sent: Sequence[Header]) -> list[Header]:
    """nginx itself refuses a NUL, and whoever it refuses gets nowhere."""
    return [(name, value) for name, value in sent if b"\0" not in value]


@pytest.mark.any_database
def test_lets_nobody_in_by_a_header(calling: Callable[[str], Caller], count: Callable[[int, int], int]) -> None:
    chance = random.Random(13)  # noqa: S311 - no secret
    attacker, listed = calling(ATTACKER), calling(LISTED)
    for _ in range(count(300, 5_000)):
        refused = attacker.token(sendable(headers(LISTED, chance)))
        assert refused == (401, f"This key may not be used from the address {ATTACKER}")
    for _ in range(100):
        assert listed.token(sendable(headers(ATTACKER, chance)))[0] == 200


@pytest.mark.any_database
def test_refuses_a_caller_that_speaks_for_a_proxy(front: Front, live: LiveServer) -> None:
    """HAProxy's PROXY protocol is not spoken here: its line is no request."""
    for port in (front.port, live.port):
        with socket.create_connection((HOST, port), timeout=60) as line:
            line.sendall(f"PROXY TCP4 {LISTED} {HOST} 5000 {port}\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b" 400 " in line.recv(4096).partition(b"\r\n")[0]
