"""The requests of a load as ready bytes, and single exchanges beside it."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

HOST = "127.0.0.1"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def members(self) -> dict[str, str]:
        """What the body says, in either form."""
        if ("Content-Type", FORM) in self.headers:
            return dict(parse_qsl(self.body.decode()))
        return dict(json.loads(self.body))

    def encoded(self, port: int) -> bytes:
        """As wrk and our own driver send it: HTTP/1.1, kept alive."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}:{port}", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> dict[str, object]:
        members = json.loads(self.body)
        if not isinstance(members, dict):
            raise TypeError(f"The answer is no JSON object: {self.body[:200]!r}")
        return members


@dataclass(frozen=True)
class Pair:
    client_id: str
    client_secret: str


def token_request(pair: Pair, scope: str | None) -> Request:
    members = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.client_secret}
    if scope is not None:
        members["scope"] = scope
    return Request("POST", "/oauth/token", (("Content-Type", "application/json"),), json.dumps(members).encode())


def token_form(pair: Pair, scope: str, path: str = "/oauth/token") -> Request:
    """The same as RFC 6749 has it, which every server understands."""
    members = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.client_secret}
    body = urlencode({**members, "scope": scope}).encode()
    return Request("POST", path, (("Content-Type", FORM),), body)


def customer_request(token: str, guid: str) -> Request:
    return Request("GET", f"/api/customers/{guid}", (("Authorization", f"Bearer {token}"),))


def ask(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        response = connection.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read())
    finally:
        connection.close()


def ask_well(port: int, request: Request) -> Answer:
    answer = ask(port, request)
    if not 200 <= answer.status < 300:
        raise RuntimeError(f"{request.method} {request.path} answered {answer.status}: {answer.body[:300]!r}")
    return answer


def write_requests(path: Path, requests: Sequence[bytes]) -> None:
    """The form that load.lua reads."""
    path.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in requests))


def read_requests(path: Path) -> list[bytes]:
    requests = []
    with path.open("rb") as file:
        while length := file.readline():
            requests.append(file.read(int(length)))
    return requests
