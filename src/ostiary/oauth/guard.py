"""What stands before the routes of the API: the bearer check (RFC 6750), bounded bodies, one spelling of a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.errors import Invalid, NotFound, Problem, StoreUnavailable
from ostiary.oauth.bearer import BearerCheck
from ostiary.web.asgi import App, BodyTooLarge, Disconnected, Message, Receive, Scope, Send, read_body
from ostiary.web.challenges import RESOURCE_METADATA
from ostiary.web.refusals import send_refusal
from ostiary.web.routes import ACTOR

LIMIT_BYTES = 64 * 1024
PREFIX = "/api/"
OPEN_PREFIX = "/api/schema/"


@dataclass(frozen=True)
class ApiGuard:
    """Lets a request through to the routes once its token has become an actor."""

    routes: App
    bearer: BearerCheck
    # What every route finds in its scope.
    shared: Mapping[str, Any]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith(PREFIX) or path.startswith(OPEN_PREFIX):
            await self.routes(scope, receive, send)
            return
        try:
            # Before the question who asks: an answer must not grow old while somebody sends a body byte by byte.
            body = await _read(receive)
            actor = (await self.bearer.admitted(scope)).actor
            if "\0" in path:
                raise NotFound("route")
            if body is None:
                raise Invalid("invalid_value", f"The body is larger than {LIMIT_BYTES} bytes", status=413)
        except Disconnected:
            return
        except (StoreUnavailable, Problem) as error:
            await send_refusal(send, error, self.shared[RESOURCE_METADATA])
        else:
            # The contract has paths with and without a slash at the end; both mean the same.
            plain = path.rstrip("/")
            inner = {**scope, **self.shared, "path": plain, "raw_path": plain.encode(), ACTOR: actor}
            await self.routes(inner, _replay(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    """None for a body that is too large, which is told to whoever may know."""
    try:
        return await read_body(receive, LIMIT_BYTES)
    except BodyTooLarge:
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def replayed() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
