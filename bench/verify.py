"""Answers are read as a client would read them: tokens are verified with PyJWT from the published keys alone."""

import json
from collections.abc import Mapping
from typing import Any

import jwt

from bench.exchange import Request, ask_well
from bench.measure import Check

JWKS = Request("GET", "/.well-known/jwks.json")
METADATA = Request("GET", "/.well-known/oauth-authorization-server")


def anything(_request: Request, _body: bytes) -> None:
    """The floor's constant was compared with its sample when it started."""


def tokens_of(port: int) -> Check:
    keys = jwt.PyJWKSet.from_dict(ask_well(port, JWKS).json())
    issuer = str(ask_well(port, METADATA).json()["issuer"])
    seen: set[str] = set()

    def check(request: Request, body: bytes) -> None:
        answer = json.loads(body)
        token = answer["access_token"]
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=issuer, issuer=issuer)
        compare(request, answer, claims, seen)

    return check


def tokens_by(key: Mapping[str, str], issuer: str, audience: str) -> Check:
    """Of a peer, which signs with the key it was given."""
    public = jwt.PyJWK({name: value for name, value in key.items() if name != "d"})
    seen: set[str] = set()

    def check(request: Request, body: bytes) -> None:
        answer = json.loads(body)
        claims = jwt.decode(answer["access_token"], public, algorithms=["ES256"], audience=audience, issuer=issuer)
        compare(request, answer, claims, seen)

    return check


def opaque_tokens() -> Check:
    """Of a peer whose tokens only the peer itself can read."""
    seen: set[str] = set()

    def check(request: Request, body: bytes) -> None:
        answer = json.loads(body)
        token = answer["access_token"]
        if not token:
            raise RuntimeError("An answer has an empty token.")
        compare(request, answer, {"client_id": request.members()["client_id"], "jti": token}, seen)

    return check


def compare(request: Request, answer: Mapping[str, Any], claims: Mapping[str, Any], seen: set[str]) -> None:
    asked = request.members()
    if claims["client_id"] != asked["client_id"]:
        raise RuntimeError(f"{asked['client_id']} was given a token of {claims['client_id']}.")
    if asked.get("scope", answer["scope"]) != answer["scope"]:
        raise RuntimeError(f"{asked['scope']} was asked for, {answer['scope']} was granted.")
    if claims["jti"] in seen:
        raise RuntimeError(f"Two tokens share the jti {claims['jti']}.")
    seen.add(claims["jti"])


def customer(request: Request, body: bytes) -> None:
    guid = json.loads(body)["guid"]
    if not request.path.endswith(guid):
        raise RuntimeError(f"{request.path} was answered with the customer {guid}.")
