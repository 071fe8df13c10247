"""What arrives broken, slowly, twice or not at all: each gets an answer or a closed door, and the server goes on."""

import json

import pytest

from tests.live import READY_PATH, LiveServer
from tests.server.conftest import Heard, Open, Wire

JSON = b'{"grant_type":"client_credentials"}'
HEAD = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def asked(wire: Wire, line: str, headers: str = "", body: bytes = b"") -> Heard:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    wire.send(f"{line} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n".encode("latin-1") + body)
    return wire.hear(has_body=not line.startswith("HEAD"))


def test_dresses_every_answer_alike(wires: Open) -> None:
    for line, status in (
        (f"GET {READY_PATH}", 200),
        ("GET /.well-known/jwks.json", 200),
        ("GET /.well-known/oauth-protected-resource", 200),
        ("GET /api/schema/swagger-ui", 200),
        ("GET /api/schema/v1/swagger.yaml", 200),
        ("GET /api/customers", 401),
        ("GET /oauth/token", 405),
        ("POST /oauth/token", 415),
        ("GET /nowhere", 404),
        ("POST /.well-known/jwks.json", 405),
    ):
        heard = asked(wires(), line)
        assert (line, heard.status) == (line, status)
        for name, value in SECURITY.items():
            assert (line, name, heard.header(name)) == (line, name, value)
        assert "frame-ancestors 'none'" in heard.header("content-security-policy")
        assert heard.header("server") == heard.header("x-powered-by") == ""
        assert "strict-transport-security" not in dict(heard.headers), "only https may promise https"


@pytest.mark.parametrize("path", ["/oauth/token", "/api/customers", READY_PATH, "/nowhere"])
def test_answers_every_method(wires: Open, path: str) -> None:
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND"):
        heard = asked(wires(), f"{method} {path}")
        assert 200 <= heard.status < 500
        # What everybody may read, browsers may read for everybody.
        assert ("access-control-allow-origin" in dict(heard.headers)) == (heard.status == 200)
        if heard.status == 405:
            assert heard.header("allow")


@pytest.mark.parametrize(
    "target",
    [
        "//oauth/token",
        "/oauth/token/",
        "/oauth//token",
        "/oauth/token%00",
        "/oauth/%2e/token",
        "/oauth/../oauth/token",
        "/OAUTH/TOKEN",
        "/oauth/token%2f",
    ],
)
def test_has_one_path_for_tokens(wires: Open, target: str) -> None:
    heard = asked(wires(), f"POST {target}", "Content-Type: application/json\r\n", JSON)
    assert heard.status in {404, 405}


@pytest.mark.parametrize(
    "target",
    [
        "//api/customers",
        "/api//customers",
        "/api/../api/customers",
        "/api/%2e%2e/api/customers",
        "/api/customers%00",
        "/%61pi/customers",
        "/api/schema/../customers",
        "/api/schema/%2e%2e/customers",
        "/api/schema/..%2fcustomers",
        "http://elsewhere/api/customers",
        "*",
    ],
)
def test_lets_no_spelling_of_a_path_past_the_bearer_check(wires: Open, target: str) -> None:
    wire = wires()
    heard = asked(wire, f"GET {target}")
    assert heard.status in {400, 401, 404}
    assert b"Traceback" not in heard.body


def test_answers_one_byte_after_the_other(wires: Open) -> None:
    wire = wires()
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON
    wire.send(*(whole[at : at + 1] for at in range(len(whole))))
    heard = wire.hear()
    assert (heard.status, json.loads(heard.body)["error"]) == (401, "invalid_client")


def test_reads_a_body_in_chunks(wires: Open) -> None:
    wire = wires()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in JSON) + b"0\r\n\r\n"
    wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunks)
    assert wire.hear().status == 401
    wire.send(HEAD + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON)
    assert wire.hear().status == 401, "the connection stays in step"


def test_answers_requests_sent_in_one_go_in_order(wires: Open) -> None:
    wire = wires()
    token = HEAD + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON
    api = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    sent = [token, api, token, token, api]
    wire.send(b"".join(sent))
    raw = b""
    while raw.count(b"HTTP/1.1 ") < len(sent):
        received = wire.socket.recv(65536)
        assert received
        raw += received
    statuses = [part[:3] for part in raw.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"401", b"404", b"401", b"401", b"404"]


@pytest.mark.parametrize("size", [16 * 1024 + 1, 70 * 1024, 3 * 1024 * 1024])
def test_refuses_a_body_that_is_too_large(wires: Open, size: int) -> None:
    wire = wires()
    wire.send(HEAD + b"Content-Length: %d\r\n\r\n" % size)
    try:
        wire.send(b" " * size)
        heard = wire.hear()
    except ConnectionError:
        return  # hung up on before the end, which is an answer too
    assert heard.status == 413
    assert json.loads(heard.body)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /oauth",
        HEAD,
        HEAD + b"Content-Length: 500\r\n\r\n" + JSON,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{",
    ],
)
def test_goes_on_when_a_caller_leaves_in_the_middle(standing: LiveServer, wires: Open, sent: bytes) -> None:
    wire = wires()
    wire.send(sent)
    wire.socket.close()
    assert asked(wires(), f"GET {READY_PATH}").status == 200
    assert "Traceback" not in standing.last_words()


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_refuses_what_is_no_http(standing: LiveServer, wires: Open, sent: bytes) -> None:
    wire = wires()
    wire.send(sent)
    assert wire.socket.recv(65536)[:12] in {b"HTTP/1.1 400", b""}
    assert asked(wires(), f"GET {READY_PATH}").status == 200
    assert "Traceback" not in standing.last_words()


def test_waits_for_no_slow_caller(wires: Open) -> None:
    slow = [wires() for _ in range(20)]
    for wire in slow:
        wire.send(HEAD + b"Content-Length: 100\r\n\r\n{")
    assert asked(wires(), f"GET {READY_PATH}").status == 200
    assert asked(wires(), "POST /oauth/token", "Content-Type: application/json\r\n", JSON).status == 401
