"""What somebody pasted to have it explained: a token, a header, an answer, an error body, or a secret by mistake."""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

LIMIT_LETTERS = 64 * 1024

SECRET = re.compile(r"ost_(?:sandbox|production|org)_[0-9A-Za-z]+")
# What a login is kept by, and the code that leads to one.
LOGIN_SECRET = re.compile(r"ost_(?:refresh|device)_[0-9A-Za-z]+")
CLIENT_ID = re.compile(r"ostid_[0-9A-Za-z]{38}(?![0-9A-Za-z])")
BASIC = re.compile(r"\bbasic\s+([A-Za-z0-9+/_-]+=*)", re.IGNORECASE)
BEARER = re.compile(r"\bbearer\b", re.IGNORECASE)
# RFC 7515 §3.1. Ours begin like this because JSON begins with a brace and a quote.
TOKEN = re.compile(r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)*")
ONE_WORD = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)+\Z")
SIGNATURE_LETTERS = 86
# RFC 6750 §3, as in WWW-Authenticate.
DESCRIPTION = re.compile(r'error_description="([^"]*)"')
MOST_BRACES = 50


@dataclass(frozen=True)
class Refusal:
    """An error body's code and text."""

    code: str
    message: str
    members: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pasted:
    """What was found; of a secret only that it is there."""

    has_secret: bool = False
    has_login_secret: bool = False
    client_id: str = ""
    token: str = field(default="", repr=False)
    # The token was broken by blanks or line ends, which were taken out.
    is_wrapped: bool = False
    # A header with a token in it and without the word that must stand before it.
    lacks_bearer: bool = False
    refusal: Refusal | None = None


def read(text: str) -> Pasted:
    """Never raises; an empty Pasted means that nothing was recognized."""
    text = text.strip()
    opened = text + "".join(_opened(found.group(1)) for found in BASIC.finditer(text))
    named = CLIENT_ID.search(opened)
    client_id = named.group() if named else ""
    if SECRET.search(opened):
        return Pasted(has_secret=True, client_id=client_id)
    if LOGIN_SECRET.search(opened):
        return Pasted(has_login_secret=True)
    bodies = _objects(text)
    token, is_wrapped = _token(text, bodies)
    is_header = re.match(r"authorization\s*:", text, re.IGNORECASE) is not None
    return Pasted(
        client_id=client_id,
        token=token,
        is_wrapped=is_wrapped,
        lacks_bearer=bool(token) and is_header and not BEARER.search(text),
        refusal=_refusal(text, bodies),
    )


def _opened(basic: str) -> str:
    try:
        return "\n" + base64.b64decode(basic.encode(), altchars=b"-_", validate=False).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _objects(text: str) -> list[dict[str, Any]]:
    """The outermost JSON objects in the text; what a terminal shows around an answer is passed over."""
    found: list[dict[str, Any]] = []
    place = text.find("{")
    for _ in range(MOST_BRACES):
        if place < 0:
            break
        try:
            value, end = json.JSONDecoder().raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            found.append(value)
        place = text.find("{", end)
    return found


def _token(text: str, bodies: list[dict[str, Any]]) -> tuple[str, bool]:
    given = next((body["access_token"] for body in bodies if isinstance(body.get("access_token"), str)), None)
    if given:
        return given, False
    if bodies and text.startswith("{"):
        return "", False
    found = TOKEN.search(text)
    if found is None:
        return (text, False) if ONE_WORD.match(text) else ("", False)
    joined = TOKEN.search("".join(text[found.start() :].split()))
    if joined and joined.group() != found.group() and _is_whole(joined.group()) and not _is_whole(found.group()):
        return joined.group(), True
    return found.group(), False


def _is_whole(token: str) -> bool:
    return token.count(".") == 2 and len(token.rpartition(".")[2]) == SIGNATURE_LETTERS  # noqa: PLR2004 - RFC 7515


def _refusal(text: str, bodies: list[dict[str, Any]]) -> Refusal | None:
    for body in bodies:
        message = str(body.get("error_message") or body.get("error_description") or "")
        code = str(body.get("message_code") or body.get("error") or "")
        if message or code:
            return Refusal(code, message, body)
    described = DESCRIPTION.search(text)
    return Refusal("", described.group(1)) if described else None
