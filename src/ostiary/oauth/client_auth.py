"""Client authentication: RFC 6749 §2.3.1, secret in the body or HTTP Basic, never both."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

from ostiary.oauth.errors import InvalidClient, InvalidRequest

# One text for everything a stranger can get wrong (DESIGN §6).
UNKNOWN = "Client authentication failed"

ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*\Z")


def presented(authorization: Sequence[str], sent: Mapping[str, str]) -> tuple[str, str]:
    """The client id and secret of a request; raises InvalidRequest or InvalidClient."""
    if "client_assertion" in sent:
        raise InvalidRequest("Client assertions are not supported: send client_id and client_secret")
    if not authorization:
        if "client_id" not in sent or "client_secret" not in sent:
            raise InvalidClient("Send client_id and client_secret, in the body or as HTTP Basic")
        return sent["client_id"], sent["client_secret"]
    if len(authorization) > 1:
        raise InvalidRequest("Send one Authorization header")
    if "client_secret" in sent:
        raise InvalidRequest("Send the secret in the body or as HTTP Basic, not both")
    client_id, secret = _from_basic(authorization[0])
    if sent.get("client_id", client_id) != client_id:
        raise InvalidRequest("client_id in the body differs from the one in the Authorization header")
    return client_id, secret


def _from_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("Authenticate with HTTP Basic, or with client_id and client_secret in the body")
    try:
        pair = base64.b64decode(encoded.encode("ascii"), validate=True)
        canonical = base64.b64encode(pair).decode("ascii") == encoded
        text = pair.decode()
    except (binascii.Error, ValueError):
        canonical, text = False, ""
    client_id, colon, secret = text.partition(":")
    if not canonical or not colon or not ESCAPED.match(client_id) or not ESCAPED.match(secret) or "\0" in text:
        raise InvalidRequest("The Authorization header is not valid HTTP Basic")
    if not client_id or not secret:
        raise InvalidClient(UNKNOWN)
    try:
        # RFC 6749 §2.3.1: both halves are form-encoded before base64.
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("The Authorization header is not valid HTTP Basic") from None
