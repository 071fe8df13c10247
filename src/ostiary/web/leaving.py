"""An end that loses nothing: nobody new is invited, everybody is answered once more, and then it is over."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn

# For connections that say nothing. One that is in use asks again within that time, and is told to go.
LAST_WORD_SECONDS = 1.0
LOOK_SECONDS = 0.05


class LeavingServer(uvicorn.Server):
    """uvicorn, told to end by SIGTERM or SIGINT.

    It goes on accepting connections for `inviting_seconds`, so that load balancers can notice that it is not ready.
    From the first moment on every answer closes its connection and says so (RFC 9112 §9.6). uvicorn alone closes the
    idle ones at once, and loses the requests that are on their way to them.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        begins: Callable[[], None],
        leaves: Callable[[], None],
        is_alone: Callable[[], bool],
        inviting_seconds: float,
    ) -> None:
        super().__init__(config)
        self._begins = begins
        self._leaves = leaves
        self._is_alone = is_alone
        self._inviting_seconds = inviting_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._begins()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._is_alone()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaves()
        self.server_state.is_leaving = True  # type: ignore[attr-defined]  # for connections that are still to come
        for connection in list(self.server_state.connections):
            connection.leave()  # type: ignore[union-attr]  # all are of our own protocol class
        await self._wait(self._inviting_seconds, lambda: False)
        await self._close_the_door(sockets or [])
        await self._wait(LAST_WORD_SECONDS, lambda: not self.server_state.connections)
        await super().shutdown(sockets)

    async def _close_the_door(self, sockets: Sequence[socket.socket]) -> None:
        """Whoever the system has let in by then is inside; it would break off what waits for us to accept."""
        waiting = [connection for each in sockets for connection in _accepted(each)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn makes them itself
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def _wait(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """At most so long; whoever interrupts the server twice waits for nothing."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        while loop.time() < ends_at and not self.force_exit and not is_over():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(LOOK_SECONDS)


def _accepted(listening: socket.socket) -> Iterator[socket.socket]:
    listening.setblocking(False)
    # Nobody is left, or there is no room for more: then those who are inside are answered all the same.
    with contextlib.suppress(OSError):
        while True:
            yield listening.accept()[0]
