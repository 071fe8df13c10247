"""What arrives at endpoints that take a key pair: JSON or form, strictly one reading (RFC 6749 §3.2, §4.4.2)."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from ostiary.crypto import strict
from ostiary.oauth.errors import InvalidRequest
from ostiary.web.asgi import FORM_TYPE, JSON_TYPE, Header

LIMIT_BYTES = 16 * 1024
PARAMETERS = frozenset(
    {
        "grant_type",
        "client_id",
        "client_secret",
        "scope",
        "client_assertion",
        "access_token",
        "device_code",
        "refresh_token",
    }
)
# RFC 6749 §2.3.1: credentials must not be in the request URI, where logs would keep them.
NEVER_IN_URL = frozenset(name.encode() for name in (*PARAMETERS, "token"))
PLACES = {b"content-type": 0, b"content-encoding": 1, b"authorization": 2, b"x-forwarded-for": 3}


class CountedHeaders(NamedTuple):
    """Of a request's headers, those that count here, each with all its values."""

    content_type: list[str]
    content_encoding: list[str]
    authorization: list[str]
    forwarded_for: list[str]


def counted(headers: Sequence[Header]) -> CountedHeaders:
    found = CountedHeaders([], [], [], [])
    for name, value in headers:
        place = PLACES.get(name)
        if place is not None:
            found[place].append(value.decode("latin-1"))
    return found


def too_large() -> InvalidRequest:
    return InvalidRequest(f"The body is larger than {LIMIT_BYTES} bytes", status=413)


def media_type(head: CountedHeaders) -> str:
    """Which of the two forms the body has; raises InvalidRequest for any other."""
    if head.content_encoding:
        raise InvalidRequest("Send the request without content encoding", status=415)
    if head.content_type == [JSON_TYPE]:
        return JSON_TYPE
    name, _, parameters = (head.content_type[0] if len(head.content_type) == 1 else "").partition(";")
    name, charset = name.strip().lower(), parameters.replace(" ", "").lower()
    if name not in {JSON_TYPE, FORM_TYPE}:
        raise InvalidRequest(f"Send the request as {JSON_TYPE} or {FORM_TYPE}", status=415)
    if charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
        raise InvalidRequest("Send the request in UTF-8", status=415)
    return name


def check_line(method: str, query_string: bytes) -> None:
    """Raises InvalidRequest for what the first line of a request must not be."""
    if method != "POST":
        raise InvalidRequest("Use POST", status=405)
    names = {unquote_to_bytes(part.partition(b"=")[0]) for part in query_string.split(b"&")}
    if not names.isdisjoint(NEVER_IN_URL):
        raise InvalidRequest("Put the parameters into the body: what stands in the URL ends up in logs")


def parameters(kind: str, body: bytes, known: frozenset[str] = PARAMETERS) -> Mapping[str, str]:
    """The known parameters that have a value; an empty one counts as not sent (RFC 6749 §3.2)."""
    if len(body) > LIMIT_BYTES:
        raise too_large()
    pairs = _from_json(body, known) if kind == JSON_TYPE else _from_form(body, known)
    # Only an escape, of JSON or of a form, can bring a NUL or half a character.
    if b"\\" in body or (kind == FORM_TYPE and b"%" in body):
        for name, value in pairs.items():
            if "\0" in value or not _is_unicode(value):
                raise InvalidRequest(f"The value of {name} contains characters that are not allowed")
    return pairs if all(pairs.values()) else {name: value for name, value in pairs.items() if value}


class Usual(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What programs send for a token of their key, and nothing beside it."""

    grant_type: Literal["client_credentials"]
    client_id: str
    client_secret: str
    scope: str | None = None


_usual = msgspec.json.Decoder(Usual)


def usual(kind: str, body: bytes) -> Usual | None:
    """The same as `parameters` says of the request that nearly everybody sends, in a third of the time; else None."""
    if kind != JSON_TYPE or len(body) > LIMIT_BYTES or b"\\" in body:
        return None
    try:
        found = _usual.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    # A name that is repeated has more quotation marks than this.
    members = 3 if found.scope is None else 4
    is_plain = body.count(b'"') == 4 * members and found.client_id and found.client_secret and found.scope != ""
    return found if is_plain else None


def _from_json(body: bytes, known: frozenset[str]) -> dict[str, str]:
    plain = strict.flat_object(body)
    if plain is not None and known >= plain.keys():
        return plain
    try:
        members = strict.json_object(body)
    except strict.DuplicateName:
        raise InvalidRequest("A parameter is repeated") from None
    except ValueError:
        raise InvalidRequest("The body is not a JSON object in UTF-8") from None
    pairs = {}
    for name, value in members.items():
        if name not in known or value is None:
            continue
        if not isinstance(value, str):
            raise InvalidRequest(f"The value of {name} must be a string")
        pairs[name] = value
    return pairs


def _from_form(body: bytes, known: frozenset[str]) -> dict[str, str]:
    try:
        text = body.decode("ascii")
        given = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=100)
    except ValueError:
        raise InvalidRequest("The body is not a form in UTF-8") from None
    pairs = dict(given)
    # RFC 6749 §3.2: parameters must not be included more than once.
    if len(pairs) != len(given):
        raise InvalidRequest("A parameter is repeated")
    return {name: value for name, value in pairs.items() if name in known}


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
