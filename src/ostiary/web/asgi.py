"""The smallest tools of the fast lane: headers out of a scope, a bounded body, an answer in two messages."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = list[Header]

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

JSON = (b"content-type", JSON_TYPE.encode())
NO_STORE = (b"cache-control", b"no-store")

# On every answer, whichever lane it leaves by.
SECURITY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class BodyTooLarge(Exception):  # noqa: N818 - reads as what happened
    """More bytes than the endpoint reads; the rest was left on the wire."""


class Disconnected(Exception):  # noqa: N818 - reads as what happened
    """The caller went away before the body was complete; nobody is there to answer."""


def header_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        if len(body) > limit_bytes:
            break
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
    if len(body) > limit_bytes:
        raise BodyTooLarge
    return body


async def answer(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})
