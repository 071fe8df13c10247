"""Headers every answer carries, whatever route made it."""

from ostiary.web.asgi import HSTS, NO_STORE, SECURITY_HEADERS, App, Message, Receive, Scope, Send


def guarded(app: App, *, is_https: bool) -> App:
    """Add the security headers an answer does not set itself, and keep it out of caches unless it says otherwise."""
    usual = [NO_STORE, *SECURITY_HEADERS, *([HSTS] if is_https else [])]

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message["headers"])
                set_already = {name.lower() for name, _ in own}
                message["headers"] = own + [(name, value) for name, value in usual if name not in set_already]
            await send(message)

        await app(scope, receive, send_with_headers)

    return run
