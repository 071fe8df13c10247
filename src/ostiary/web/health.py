"""Whether this process lives, and whether it can answer: for supervisors, load balancers and people.

Nothing here is secret: what is wrong is said in words that name no database, key or person.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from ostiary.access.addresses import ClientAddress
from ostiary.web.asgi import JSON, Receive, Scope, Send, answer, header_values
from ostiary.web.refusals import RETRY_AFTER_SECONDS

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"
SENDER_PATH = "/health/sender"
ALLOWED = ("GET", "HEAD")


class Finding(NamedTuple):
    """One thing that was looked at, and, where it is not well, why and what helps."""

    name: str
    reason: str = ""
    what_to_do: str = ""

    @property
    def told(self) -> Mapping[str, str]:
        if not self.reason:
            return {"name": self.name, "status": "ok"}
        return {"name": self.name, "status": "failed", "reason": self.reason, "what_to_do": self.what_to_do}


LEAVING = Finding("server", "The server is being stopped", "Send requests to another server, or start this one again.")


class Health:
    """Endpoints without a body in the request; `look` finds out whether a token could be made now."""

    def __init__(self, look: Callable[[], Awaitable[Sequence[Finding]]], client_address: ClientAddress) -> None:
        self._look = look
        self._client_address = client_address
        self._is_leaving = False

    def leave(self) -> None:
        """The server was asked to end: it answers on, but nobody new should come."""
        self._is_leaving = True

    async def live(self, scope: Scope, _: Receive, send: Send) -> None:
        """Says that the event loop turns, and nothing else: a restart would not bring back a database."""
        await _tell(scope, send, 200, {"status": "live"})

    async def ready(self, scope: Scope, _: Receive, send: Send) -> None:
        found = [LEAVING if self._is_leaving else Finding("server"), *await self._look()]
        is_ready = not any(each.reason for each in found)
        body = {"status": "ready" if is_ready else "not_ready", "checks": [each.told for each in found]}
        await _tell(scope, send, 200 if is_ready else 503, body)

    async def sender(self, scope: Scope, _: Receive, send: Send) -> None:
        """Tells callers where they seem to come from: so the doctor finds out which proxies are believed."""
        hops = (scope["client"] or ("",))[0], header_values(scope, b"x-forwarded-for")
        of, way = self._client_address.of(*hops), self._client_address.way(*hops)
        await _tell(scope, send, 200, {"address": of, "way": way})


async def _tell(scope: Scope, send: Send, status: int, body: Mapping[str, object]) -> None:
    headers = [JSON]
    if scope["method"] not in ALLOWED:
        status, body = 405, {"status": "unknown", "reason": "Ask with GET"}
        headers.append((b"allow", ", ".join(ALLOWED).encode()))
    if status == 503:  # noqa: PLR2004 - the status itself
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    await answer(send, status, json.dumps(body).encode(), headers)
