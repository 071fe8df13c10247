"""Parsers with one reading only: JSON without duplicate names, base64url without second spellings."""

import base64
import binascii
import json
from typing import NoReturn

import msgspec


class DuplicateName(ValueError):  # noqa: N818 - reads as what was found
    """A JSON object that names a member twice: two parsers would see two different objects."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateName("a member is named twice")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Strings only, in a quarter of the time; it cannot tell a name that is repeated.
_flat = msgspec.json.Decoder(dict[str, str])
# The C scanner alone: what the decoder adds around it is white space, at a third of the price.
_scan = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse).scan_once  # type: ignore[attr-defined]  # typeshed hides it
WHITE = " \t\n\r"


def json_object(raw: bytes) -> dict[str, object]:
    """A JSON object in UTF-8; raises ValueError for anything else, duplicate names and NaN included."""
    text = raw.decode().strip(WHITE)
    try:
        value, end = _scan(text, 0)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except StopIteration as error:
        raise ValueError("not JSON") from error
    if end != len(text):
        raise ValueError("something follows the JSON")
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - callers catch one kind of refusal
    return value


def flat_object(raw: bytes) -> dict[str, str] | None:
    """The same, sooner, if the object is what programs send: strings only, no quotation mark escaped; else None."""
    try:
        value = _flat.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    # A name that is repeated has more quotation marks than this, and so has one that is escaped.
    return value if raw.count(b'"') == 4 * len(value) else None


def b64url(text: bytes) -> bytes:
    """Base64url in its only canonical spelling: no padding, no blanks, no stray bits; else ValueError."""
    try:
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise ValueError("not the canonical spelling")
    return raw
