"""An ordinary token request is answered inside uvicorn's protocol class, an unusual one by ASGI: nobody can tell."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ostiary.applications.credentials import checksum
from tests.live import LiveServer

STAY = b"Connection: keep-alive\r\n"
# Whoever wants to close the connection goes the ASGI way.
LEAVE = b"Connection: close\r\n"
UNTOLD = {b"date", b"connection", b"content-length"}
WRONG = "ost_sandbox_" + "x" * 43

BODIES = {
    "a wrong secret": {"client_id": "ostid_" + "a" * 38, "client_secret": WRONG + checksum(WRONG)},
    "a secret with a typing mistake": {"client_id": "ostid_" + "a" * 38, "client_secret": WRONG + "000000"},
    "no secret": {},
    "a foreign scope": {"scope": "nothing:read"},
    "another grant": {"grant_type": "password"},
    "half a character": {"client_id": "\ud800"},
}


@pytest.fixture
def pair(live: LiveServer) -> dict[str, str]:
    made = live.cli("init", "--organization", "Acme", "--bank", "North")
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


def request(body: bytes, connection: bytes = STAY, content_type: bytes = b"application/json") -> bytes:
    head = b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + content_type + b"\r\n"
    return head + connection + b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def connected(live: LiveServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        yield connection


def read(connection: socket.socket, rest: bytes = b"") -> tuple[bytes, dict[bytes, bytes], bytes, bytes]:
    """One answer: status line, headers, body, and what came after it."""
    while b"\r\n\r\n" not in rest:
        rest += connection.recv(65536) or pytest.fail("the connection was closed before the answer")
    head, _, rest = rest.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = {name: value for name, _, value in (line.partition(b": ") for line in lines)}
    length = int(headers[b"content-length"])
    while len(rest) < length:
        rest += connection.recv(65536) or pytest.fail("the connection was closed within the answer")
    return status, headers, rest[:length], rest[length:]


def told(live: LiveServer, raw: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    with connected(live) as connection:
        connection.sendall(raw)
        status, headers, body, _ = read(connection)
    return status, {name: value for name, value in headers.items() if name not in UNTOLD}, body


def test_gives_the_same_answer_both_ways(live: LiveServer, pair: dict[str, str]) -> None:
    for reason, change in BODIES.items():
        sent = {"grant_type": "client_credentials", **({} if reason == "no secret" else pair), **change}
        body = json.dumps(sent).encode()
        assert told(live, request(body)) == told(live, request(body, LEAVE)), reason
    for body in (b"", b"{", b"[]", b"\xff", b"{}" + b" " * 16384):
        assert told(live, request(body)) == told(live, request(body, LEAVE))
        form = b"application/x-www-form-urlencoded"
        assert told(live, request(body, STAY, form)) == told(live, request(body, LEAVE, form))
    good = json.dumps({"grant_type": "client_credentials", **pair}).encode()
    status, headers, body = told(live, request(good))
    assert status == b"HTTP/1.1 200 OK"
    other_status, other_headers, other_body = told(live, request(good, LEAVE))
    assert (status, headers, json.loads(body).keys()) == (other_status, other_headers, json.loads(other_body).keys())


def test_answers_requests_that_come_in_one_piece_or_byte_by_byte(live: LiveServer, pair: dict[str, str]) -> None:
    good = request(json.dumps({"grant_type": "client_credentials", **pair}).encode())
    other = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(live) as connection:
        rest = b""
        connection.sendall(good + other + good + good)
        for expected in (b"access_token", b"keys", b"access_token", b"access_token"):
            status, _, body, rest = read(connection, rest)
            assert status == b"HTTP/1.1 200 OK"
            assert expected in body
        for byte in good:
            connection.send(bytes([byte]))
        assert b"access_token" in read(connection)[2]


def test_keeps_the_connection_after_a_body_that_is_too_large(live: LiveServer, pair: dict[str, str]) -> None:
    good = request(json.dumps({"grant_type": "client_credentials", **pair}).encode())
    with connected(live) as connection:
        connection.sendall(request(b"{}" + b" " * 300_000))
        assert read(connection)[0].startswith(b"HTTP/1.1 413")
        connection.sendall(good)
        assert read(connection)[0] == b"HTTP/1.1 200 OK"
