"""uvicorn's protocol class for strangers: heads end, requests arrive in time, trailers and offers change nothing."""

import asyncio
import math
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

# RFC 6585 §5: of a head, of trailers, and of what may stand beside the size of a chunk.
MOST_BYTES_AROUND_BODIES = 64 * 1024
# For a request from its first byte on, for a connection that says nothing, and for some reading of an answer.
PATIENCE_SECONDS = 30
# Each takes a hundred times the bytes it came in, and a caller can send thousands in one go.
MOST_WAITING_REQUESTS = 100
NOT_HTTP = "Invalid HTTP request received."


class TooManyWaiting(Exception):  # noqa: N818 - reads as what happened
    """The parser makes an error of its own of this, which ends the connection."""


class CarefulProtocol(HttpToolsProtocol):
    """Puts an end to what uvicorn would go on reading, and reads what it would drop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._bytes_around_bodies = 0
        self._is_arriving = True
        # Whether no other request came before in the same bytes.
        self._is_first = True
        self._deadline: asyncio.TimerHandle | None = None
        self._reading_deadline: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        # Whether the next answer is the last of this connection, and says so.
        self._is_leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        super().connection_made(transport)
        self._is_leaving = getattr(self.server_state, "is_leaving", False)
        self._await_the_rest()

    def leave(self) -> None:
        """The server is about to end: whoever asks on this connection is answered once more, and told to go elsewhere.

        To close it at once would lose a request that is on its way (RFC 9112 §9.6).
        """
        self._is_leaving = True
        # None before the first request, whatever uvicorn's annotation says.
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        self._is_read()
        if self._answering is not None:
            # uvicorn tells only the last request of several, and the one at work would write into a closed socket.
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._bytes_around_bodies += len(data)
        self._is_first = True
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.logger.warning(NOT_HTTP)
            if self._is_answering():
                self._hang_up()
            else:
                self.send_400_response(NOT_HTTP)
        if self._bytes_around_bodies > MOST_BYTES_AROUND_BODIES:
            self._hang_up(431)
        elif self._is_arriving and self._deadline is None:
            self._await_the_rest()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's protocols may say that they go on
        """Whoever has said everything and only listens now is still answered."""
        is_awaited = self._is_answering() and not self._is_arriving
        if is_awaited:
            self.cycle.keep_alive = False
        return is_awaited

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reading()

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        # Not with the bytes: the next request may begin in those that end the one before it.
        self._is_arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_WAITING_REQUESTS:
            raise TooManyWaiting
        if not self._is_offer():
            super().on_headers_complete()
            if self._is_leaving:
                self.cycle.keep_alive = False
            # RFC 9110 §6.5.1: trailers are no headers, and proxies that clean headers may let them pass.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        self._bytes_around_bodies = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_offer():
            self._arrived()
            super().on_message_complete()

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if not self._is_offer():
                    return  # what follows CONNECT is not for us
                data = self._again_without_offer() + data[upgrade.args[0] :]
            else:
                return

    def _is_offer(self) -> bool:
        """RFC 9110 §7.8: Java and Kotlin offer HTTP/2 with every request, and an offer may be passed over."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _again_without_offer(self) -> bytes:
        # The parser takes what follows an offer for the other protocol, so another one reads the head again.
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(lines))

    def _is_answering(self) -> bool:
        # None before the first request, whatever uvicorn's annotation says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _arrived(self) -> None:
        self._bytes_around_bodies = 0
        self._is_arriving = self._is_first = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _await_reading(self, unread_before: float = math.inf) -> None:
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes < unread_before:
            self._reading_deadline = self.loop.call_later(PATIENCE_SECONDS, self._await_reading, unread_bytes)
        else:
            self.transport.abort()

    def _is_read(self) -> None:
        if self._reading_deadline is not None:
            self._reading_deadline.cancel()
            self._reading_deadline = None

    def _await_the_rest(self) -> None:
        self._deadline = self.loop.call_later(PATIENCE_SECONDS, self._hang_up)

    def _hang_up(self, status: int | None = None) -> None:
        if self.transport.is_closing():
            return
        # In the middle of an answer, words of another one would be read as its own.
        if status and not self._is_answering():
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
