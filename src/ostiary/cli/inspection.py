"""`ostiary inspect`: explain a token, or the body of a 401, without asking any server."""

import json as codec
import sys
from typing import Any

import typer

from ostiary import clock
from ostiary.cli import show
from ostiary.cli.session import JsonFlag, fail
from ostiary.crypto import strict

LIMIT_LETTERS = 64 * 1024

NEW_TOKEN = "Make a new token with the same key pair: ostiary token. The key itself is fine."  # noqa: S105 - advice

# What to do about a refusal, by its text.
ADVICE = {
    "Signature has expired": NEW_TOKEN,
    "Signature verification raised": "The token was altered, cut off, or made by another server. " + NEW_TOKEN,
    "Invalid audience": "The token was made for another server: compare the public URLs.",
    "Invalid issuer": "The token was made by another server: compare the public URLs.",
    "Credential revoked": "The key was revoked for good: generate a new key pair.",
    "Credential has expired": "The key pair has expired: generate a new one.",
    "Credential paused": "Somebody paused the key: ask them to resume it (ostiary keys resume).",
    "Bank closed": "The bank is closed: its operator can reopen it (ostiary banks reopen).",
    "Organization closed": "The organization is closed.",
    "Token revoked": "This one token was revoked. " + NEW_TOKEN,
    "Token is not valid yet": "The clocks of two machines differ: compare them.",
    "Token no longer matches its key": "The bank has changed since. " + NEW_TOKEN,
    "Authorization header is malformed.": "Send exactly one header: Authorization: Bearer <token>.",
    "Forbidden": "The key may not be used from your address: ostiary keys allow.",
    "Client authentication failed": "Client id and secret do not match. Lost the secret? Generate a new pair.",
}


def inspect(
    json: JsonFlag = False,
) -> None:
    """Explain a token or a pasted error body, read from standard input; nothing is sent or stored."""
    if sys.stdin.isatty():
        typer.echo("Paste a token or an error body, then press Enter and Ctrl-D:", err=True)
    pasted = sys.stdin.read(LIMIT_LETTERS).strip()
    if not pasted:
        fail("Nothing was pasted. Try: echo $TOKEN | ostiary inspect")
    if pasted.startswith(("ost_sandbox_", "ost_production_", "ost_org_")):
        fail(
            "This is a client secret, not a token. It is in your clipboard now, perhaps in your history: if somebody "
            "else can read those, revoke its key (ostiary keys revoke) and generate a new pair"
        )
    explained = _explain_error(pasted) if pasted.startswith("{") else _explain_token(pasted)
    show.facts(explained, json_wanted=json)


def _explain_error(text: str) -> dict[str, Any]:
    try:
        body = codec.loads(text)
    except (ValueError, RecursionError):
        fail("This begins like JSON but is not: paste the whole error body")
    message = str(body.get("error_message") or body.get("error_description") or "")
    code = str(body.get("message_code") or body.get("error") or "")
    if not message and not code:
        fail("This is not an error body of Ostiary: it has neither error_message nor error_description")
    return {"kind": "error", "code": code, "message": message, "what_to_do": _advice(code, message)}


def _advice(code: str, message: str) -> str:
    match code:
        case "invalid_scopes":
            return (
                f"The token lacks a scope. {message.removeprefix('Invalid scopes. ')}. Ask for it at POST /oauth/token."
            )
        case "invalid_subject":
            return f"Use another kind of key. {message.removeprefix('Invalid Subject type. ')}."
        case "not_found":
            return "It does not exist, or it belongs to another bank: check which key made the token."
    return ADVICE.get(message, "Change what the message names and send the request again.")


def _explain_token(text: str) -> dict[str, Any]:
    claims = _claims(text.removeprefix("Authorization:").strip().removeprefix("Bearer ").strip())
    left_seconds = claims["exp"] - clock.seconds()
    told = {
        name: claims.get(name) for name in ("sub_type", "sub", "bank_guid", "organization_guid", "client_id", "iss")
    }
    told = {"kind": "token", **told, "scope": claims.get("scope")}
    if left_seconds > 0:
        state = f"Expires in {clock.in_words(left_seconds)}"
        advice = "Its time is fine. If it is refused, paste the error body here: this command works offline."
    else:
        state, advice = f"Expired {clock.in_words(-left_seconds)} ago", NEW_TOKEN
    checked = "not checked: that takes the server's public keys"
    return {**told, "expires": state, "is_expired": left_seconds <= 0, "signature": checked, "what_to_do": advice}


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        claims: dict[str, Any] = strict.json_object(strict.b64url(parts[1].encode("ascii")))
    except (ValueError, IndexError):
        claims = {}
    if len(parts) != 3 or type(claims.get("exp")) is not int:  # noqa: PLR2004 - RFC 7515 §3.1
        fail("This is not an access token: it should have three parts with dots between. Was it cut off?")
    return claims
