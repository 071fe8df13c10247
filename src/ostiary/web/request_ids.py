"""A name for each request, in every line that is logged because of it, and in its answer if the server failed.

Refusals do not carry it: two that tell the same must be the same to the last byte (DESIGN §6).
"""

from structlog.contextvars import bound_contextvars

from ostiary.crypto import guids
from ostiary.web.asgi import App, Message, Receive, Scope, Send

HEADER = b"x-request-id"
FAILED = 500


def named(app: App) -> App:
    """The same application. The name is always ours: what callers send could be anything, and stands in logs."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        name = guids.new()

        async def send_with_name(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= FAILED:
                message["headers"] = [*message["headers"], (HEADER, name.encode())]
            await send(message)

        with bound_contextvars(request_id=name):
            await app(scope, receive, send_with_name)

    return run
