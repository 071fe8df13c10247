"""`ostiary inspect`: explain a token, or the body of a 401, without asking any server."""

import sys
from typing import Any

import typer

from ostiary import clock
from ostiary.access.actor import Subject
from ostiary.cli import show
from ostiary.cli.session import JsonFlag, fail
from ostiary.crypto import strict
from ostiary.oauth import explanations, pasted
from ostiary.oauth.pasted import Refusal


def inspect(
    json: JsonFlag = False,
) -> None:
    """Explain a token or a pasted error body, read from standard input; nothing is sent or stored."""
    if sys.stdin.isatty():
        typer.echo("Paste a token or an error body, then press Enter and Ctrl-D:", err=True)
    text = sys.stdin.read(pasted.LIMIT_LETTERS).strip()
    if not text:
        fail("Nothing was pasted. Try: echo $TOKEN | ostiary inspect")
    found = pasted.read(text)
    if found.has_secret:
        fail(f"This is a client secret, not a token. {explanations.IF_IT_WAS_SEEN}")
    if found.has_login_secret:
        fail(f"This is a refresh token or a device code. {explanations.IF_IT_OF_A_LOGIN_WAS_SEEN}")
    if found.token:
        explained = _explain_token(found.token)
    elif found.refusal:
        explained = _explain_refusal(found.refusal)
    else:
        fail("This is neither an access token nor an error body of Ostiary. Was it cut off?")
    show.facts(explained, json_wanted=json)


def _explain_refusal(refusal: Refusal) -> dict[str, Any]:
    meaning, what_to_do = explanations.explain(refusal.code, refusal.message)
    told = {"kind": "error", "code": refusal.code, "message": refusal.message}
    return {**told, "meaning": meaning, "what_to_do": what_to_do}


def _explain_token(text: str) -> dict[str, Any]:
    claims = _claims(text)
    left_seconds = claims["exp"] - clock.seconds()
    told = {
        name: claims.get(name) for name in ("sub_type", "sub", "bank_guid", "organization_guid", "client_id", "iss")
    }
    is_persons = told["sub_type"] == Subject.USER
    if is_persons:
        told["login"] = claims.get("sid")
    told = {"kind": "token", **told, "scope": claims.get("scope")}
    if claims.get("sub_type") == Subject.CUSTOMER:
        told |= {name: claims.get(name) for name in ("ip_allowlist", "inherit_ip_allowlist")}
    if left_seconds > 0:
        state = f"Expires in {clock.in_words(left_seconds)}"
        advice = "Its time is fine. If it is refused, paste the error body here: this command works offline."
    else:
        state, advice = f"Expired {clock.in_words(-left_seconds)} ago", _again(claims)
    checked = "not checked: that takes the server's public keys"
    return {**told, "expires": state, "is_expired": left_seconds <= 0, "signature": checked, "what_to_do": advice}


def _again(claims: dict[str, Any]) -> str:
    advice = explanations.new_token(str(claims.get("sub_type")))
    tries = {explanations.NEW_TOKEN: " Try: ostiary token", explanations.NEW_USER_TOKEN: " Try: ostiary whoami"}
    return advice + tries.get(advice, "")


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        claims: dict[str, Any] = strict.json_object(strict.b64url(parts[1].encode("ascii")))
    except (ValueError, IndexError):
        claims = {}
    if len(parts) != 3 or type(claims.get("exp")) is not int:  # noqa: PLR2004 - RFC 7515 §3.1
        fail("This is not an access token: it should have three parts with dots between. Was it cut off?")
    return claims
