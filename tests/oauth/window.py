"""The token endpoint as a stranger sees it: raw headers and bodies in, the shape of every refusal checked."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

from tests.oauth.desk import LOOPBACK, Answer, Desk, Key

JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
GRANT = {"grant_type": "client_credentials"}

MOMENTS = {"revoked_at", "expired_at", "paused_at", "closed_at", "address"}

# RFC 6749 §5.2: a description is made of these.
PRINTABLE = {chr(code) for code in (*range(0x20, 0x22), *range(0x23, 0x5C), *range(0x5D, 0x7F))}


def pair(key: Key) -> dict[str, str]:
    return {"client_id": key.client_id, "client_secret": key.secret}


def good(key: Key) -> dict[str, str]:
    return GRANT | pair(key)


def basic(client_id: str, secret: str) -> tuple[bytes, bytes]:
    """As RFC 6749 §2.3.1 writes it: both halves form-encoded first."""
    return raw_basic(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode())


def raw_basic(text: bytes) -> tuple[bytes, bytes]:
    return b"authorization", b"Basic " + base64.b64encode(text)


def post(desk: Desk, body: Any, *headers: tuple[bytes, bytes], peer: str = LOOPBACK) -> Answer:  # noqa: ANN401 - anything
    """Bytes go as they are, everything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = headers if any(name == b"content-type" for name, _ in headers) else (JSON, *headers)
    answer = desk.request("/oauth/token", sent, method="POST", body=raw, peer=peer)
    assert_never_stored(answer)
    return answer


def post_form(desk: Desk, fields: dict[str, str], *headers: tuple[bytes, bytes]) -> Answer:
    return post(desk, urlencode(fields).encode(), FORM, *headers)


def assert_never_stored(answer: Answer) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"


def assert_refused(answer: Answer, error: str, status: int = 400, says: str = "") -> None:
    assert (answer.status, answer.json["error"]) == (status, error), answer.body
    # A 401 says by which rule and what to do, and whoever has the secret is told since when.
    explained = {"rule", "what_to_do"} if status == 401 else set()
    assert answer.json.keys() - MOMENTS == {"error", "error_description"} | explained
    description = answer.json["error_description"]
    assert set(description) <= PRINTABLE, description
    assert says in description
    assert ("www-authenticate" in answer.headers) == (status == 401)
