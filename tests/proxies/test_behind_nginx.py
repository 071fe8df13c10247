"""A real nginx in front: it says who called, and what callers say of themselves changes nothing (checks: C-12)."""

import http.client
import json
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ostiary.settings import Settings
from ostiary.web.asgi import Header
from tests.live import HOST, LiveServer, environment, free_port, start_server
from tests.proxies.hostile import headers
from tests.proxies.nginx import running_nginx

# Every address of 127.0.0.0/8 is this machine, so a caller may have one of its own.
LISTED = "127.0.0.77"
ATTACKER = "127.0.0.66"
HTTP = """
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
"""


@dataclass(frozen=True)
class Front:
    """The door as callers see it, and a key that only LISTED may use."""

    port: int
    client_id: str
    secret: str


@pytest.fixture
def front(settings: Settings, database_url: str, tmp_path: Path) -> Iterator[Front]:
    env = environment(settings.data_dir, database_url) | {"OSTIARY_TRUSTED_PROXIES": HOST}
    port = free_port()
    with start_server(env, free_port()) as server:
        http = HTTP.format(host=HOST, upstream=server.port, port=port)
        with running_nginx(tmp_path / "nginx", port, http):
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
