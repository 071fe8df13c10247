"""Every kind of request, right and wrong, that carries a secret, a token or somebody's data."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials"

Request = tuple[str, str, dict[str, str], bytes]


@dataclass
class Planted:
    """What must not be found anywhere, by what it is."""

    client_id: str
    secret: str
    wrong: str
    words: dict[str, str] = field(default_factory=dict)


def at_the_token_endpoint(planted: Planted) -> Iterator[Request]:
    for secret in (planted.secret, planted.wrong):
        body = {"grant_type": "client_credentials", "client_id": planted.client_id, "client_secret": secret}
        basic = base64.b64encode(f"{planted.client_id}:{secret}".encode()).decode()
        yield "POST", "/oauth/token", JSON, json.dumps(body).encode()
        yield "POST", "/oauth/token", FORM | {"authorization": f"Basic {basic}"}, GRANT.encode()
        yield "POST", "/oauth/token", FORM | {"authorization": f"Basic {secret}"}, GRANT.encode()
        yield "POST", "/oauth/token", FORM | {"authorization": secret}, GRANT.encode()
        for sent in _misplaced(body, secret):
            yield "POST", "/oauth/token", JSON, json.dumps(sent).encode()
        for text in _malformed(secret):
            yield "POST", "/oauth/token", JSON, text.encode()
            yield "POST", "/oauth/token", FORM, text.encode()
        yield "POST", f"/oauth/token?client_secret={secret}", JSON, json.dumps(body).encode()
        yield "POST", "/oauth/token", {"content-type": secret}, b""
        yield "POST", "/oauth/token", JSON | {"x-secret": secret, "user-agent": secret, "cookie": secret}, b"{}"


def at_the_api(planted: Planted, token: str, person: dict[str, Any]) -> Iterator[Request]:
    bearer = {"authorization": f"Bearer {token}"}
    yield "POST", "/api/customers", bearer | JSON, json.dumps(person).encode()
    yield "POST", "/api/customers", bearer | JSON, json.dumps(person | {"type": "nobody"}).encode()
    yield "POST", "/api/customers", bearer | JSON, json.dumps({"type": "individual", "name": person}).encode()
    yield "GET", "/api/customers?include_pii=true", bearer, b""
    yield "GET", "/api/customers", {"authorization": f"Bearer {token[:-4]}AAAA"}, b""
    yield "GET", "/api/customers", {"authorization": f"Token {token}"}, b""
    yield "GET", f"/api/customers?access_token={token}", {}, b""
    for word in (planted.secret, token):
        wrong = {"customer_guid": word, "scopes": [word], "ip_allowlist": [word], word: word}
        for member, value in wrong.items():
            asked = {"customer_guid": "0" * 32, "scopes": ["customers:read"], member: value}
            yield "POST", "/api/customer_tokens", bearer | JSON, json.dumps(asked).encode()
        yield "GET", f"/api/customers?state={word}", bearer, b""
        yield "GET", f"/api/customers?page={word}", bearer, b""
        yield "GET", f"/api/customers/{word}", bearer, b""
        yield "GET", f"/{word}", {}, b""
        yield "GET", "/api/banks", {"authorization": f"Bearer {word}x"}, b""
        yield "GET", "/api/banks", bearer | {"x-forwarded-for": word, "referer": f"https://example.com/{word}"}, b""
        for sent in _misplaced({"type": "individual"}, word):
            yield "POST", "/api/customers", bearer | JSON, json.dumps(sent).encode()
        for text in _malformed(word):
            yield "POST", "/api/customers", bearer | JSON, text.encode()
        yield word[:20], "/api/banks", bearer, b""


def _misplaced(body: dict[str, str], word: str) -> Iterator[object]:
    """Good JSON with the word where it does not belong."""
    yield body | {word: "name"}
    yield {"type": word}
    yield {"name": word, "address": word, "date_of_birth": word, "type": "individual"}
    yield body | {"scope": word}
    yield body | {"client_secret": [word]}
    yield body | {"grant_type": word}
    yield body | {"client_id": word}
    yield [word]
    yield word


def _malformed(word: str) -> Iterator[str]:
    yield word
    yield f"client_secret={word}"
    yield f"client_secret={word}&client_secret={word}"
    yield f'{{"client_secret": "{word}"'
    yield f'{{"client_secret": "{word}", "client_secret": "{word}"}}'
    yield f"{GRANT}&client_id={word}&client_secret={word}%ff"
    yield f"{GRANT}&client_secret={word}\0" + "x" * 70_000


def send(base_url: str, requests: Iterator[Request]) -> Iterator[tuple[str, httpx2.Response]]:
    """The answers, each with what asked for it."""
    with httpx2.Client(base_url=base_url, timeout=30) as client:
        for method, path, headers, body in requests:
            response = client.request(method, path, headers=headers, content=body)
            assert response.status_code < 500, (method, path, body[:200], response.text)
            yield f"{method} {path} {body[:60]!r}", response
