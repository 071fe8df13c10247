"""One POST to an OAuth endpoint and its answer, whatever comes of it."""

from collections.abc import Awaitable, Callable

from ostiary.oauth import token_request
from ostiary.web.asgi import BodyTooLarge, Disconnected, Receive, Scope, Send, answer, read_body
from ostiary.web.together import Answer, Head


async def exchange(
    scope: Scope,
    receive: Receive,
    send: Send,
    act: Callable[[Head, bytes], Awaitable[Answer]],
    refused: Callable[[Exception], Awaitable[Answer]],
) -> None:
    """`act` is told the head and the body; what it raises becomes a refusal in the shape of these endpoints."""
    try:
        token_request.check_line(scope["method"], scope["query_string"])
        body = await read_body(receive, token_request.LIMIT_BYTES)
        found = await act(Head(scope["headers"], (scope["client"] or ("",))[0]), body)
    except Disconnected:
        return
    except BodyTooLarge:
        found = await refused(token_request.too_large())
    except Exception as error:  # noqa: BLE001 - in the shape of these endpoints, whatever it was
        found = await refused(error)
    await answer(send, *found)
