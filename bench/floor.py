"""The floor: bare uvicorn with the options of `ostiary serve`, and an application that only repeats one answer."""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# uvicorn adds these two by itself, so the application must not send them again.
ADDED_BY_UVICORN = ("date", "server")


def repeating(body: bytes, headers: list[tuple[bytes, bytes]]) -> Application:
    start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    rest: Message = {"type": "http.response.body", "body": body}

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            while (await receive()).get("more_body"):
                pass
        await send(start)
        await send(rest)

    return application


def main() -> None:
    """Reads the answer to repeat from standard input, as bench.servers writes it."""
    answer = json.load(sys.stdin)
    names = {name.lower() for name, _ in answer["headers"]}
    headers = [
        (name.lower().encode(), value.encode())
        for name, value in answer["headers"]
        if name.lower() not in ADDED_BY_UVICORN
    ]
    uvicorn.run(
        repeating(answer["body"].encode(), headers),
        host=answer["host"],
        port=answer["port"],
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        # An answer without them would make the server under test look better beside a floor that sends them.
        server_header="server" in names,
        date_header="date" in names,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
