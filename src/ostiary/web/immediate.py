"""Answers given inside uvicorn's protocol class, where they cost half as much as an ASGI call.

Some requests for the same path have to wait for longer than the others; then their connection does, and no other.
Everything else, and whatever is unusual about a request, goes the ASGI way, which gives the same answers.
"""

import asyncio
import math
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ostiary.web.asgi import Header
from ostiary.web.careful import CarefulProtocol
from ostiary.web.together import Answer, Head, Request, Together

# More than any handler reads: it refuses what is longer than its own limit, and the rest need not be kept.
MOST_BYTES = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"


class Repeatable(NamedTuple):
    """A head as it came. Whoever sends the same bytes again, and a body as long, gets the same out of the parser."""

    handler: Together
    head: Head
    as_it_came: bytes
    length_with_body: int


class Lines(NamedTuple):
    """The first lines of an answer, and what they were made of."""

    status: int
    headers: Sequence[Header]
    defaults: Sequence[Header]
    text: bytes


class ImmediateProtocol(CarefulProtocol):
    """Looks for an `immediate` table, by path, in the application it serves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        # The request lines that are answered here, as they come: method, path and version in one look.
        table: Mapping[bytes, Together] = self.app.immediate
        self._immediate = {b"POST %b HTTP/1.1\r\n" % path: handler for path, handler in table.items()}
        self._handler: Together | None = None
        self._data = self._begun_with = b""
        self._head: Sequence[Header] = ()
        # The last head, until another request is parsed: most callers ask again with the same one.
        self._repeatable: Repeatable | None = None
        self._lines = Lines(0, (), (), b"")
        self._body = bytearray()
        self._is_asked = False
        self._is_last = False
        # Of an ASGI request that came behind one which is still awaited, what starts it.
        self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._idle_since = math.inf
        self._idle: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        super().connection_lost(exc)

    def leave(self) -> None:
        super().leave()
        # What comes from now on goes the ASGI way, which can say that an answer is the last.
        self._repeatable = None

    def data_received(self, data: bytes) -> None:
        self._idle_since = math.inf
        if self._repeatable is not None and self._is_repeated(self._repeatable, data):
            handler, head, as_it_came, _ = self._repeatable
            self._ask(handler, Request(head, data[len(as_it_came) :]))
        else:
            self._data = data
            super().data_received(data)

    def on_message_begin(self) -> None:
        # ASGI's scope is made for those who need it, see `_make_scope`.
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._repeatable = None
        self._is_arriving = True
        self._begun_with = self._data if self._is_first else b""

    def on_headers_complete(self) -> None:
        handler = self._immediate.get(self._begun_with[: self._begun_with.find(b"\n") + 1])
        if handler is not None and self._is_plain():
            self._handler = handler
            # Trailers go where nobody reads, as in CarefulProtocol.
            self._head, self.headers = self.headers, []
        else:
            self._handler = None
            self._make_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._handler is None:
            super().on_body(body)
            return
        self._bytes_around_bodies = 0
        self._body += body[: MOST_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        handler = self._handler
        if handler is None:
            super().on_message_complete()
            return
        self._arrived()
        body, self._handler = bytes(self._body), None
        self._body.clear()
        head = Head(self._head, self.client[0] if self.client else "")
        as_it_came, end, rest = self._begun_with.partition(END_OF_HEAD)
        # A head and its body in one piece: no chunks, and no other request before or behind them. Of two pieces the
        # first could look like it, chunks and all.
        if self._begun_with is self._data and end and len(rest) == len(body) and not self._is_leaving:
            self._repeatable = Repeatable(handler, head, as_it_came + end, len(self._begun_with))
        self._ask(handler, Request(head, body))

    def does(self, work: Coroutine[Any, Any, None]) -> None:
        """Also when the caller is gone: what has begun is done, as it is for an ASGI application."""
        task = self.loop.create_task(work)
        # uvicorn waits for these when the server ends, and the loop alone would not hold them.
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def answer_later(self, answer: Coroutine[Any, Any, Answer]) -> None:
        self.answered(await answer)

    def answered(self, answer: Answer) -> None:
        self._is_asked = False
        if self.transport.is_closing():
            return
        lines = self._lines
        if (
            answer.headers is not lines.headers
            or answer.status != lines.status
            # uvicorn makes a new list when the second changes.
            or self.server_state.default_headers is not lines.defaults
        ):
            lines = self._lines = _lines(answer, self.server_state.default_headers)
        self.transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (lines.text, len(answer.body), answer.body))
        self.server_state.total_requests += 1
        if self._held is not None:
            held, self._held = self._held, None
            super()._start_asgi_task(*held)
        elif self._is_last:
            self.transport.close()
        elif not self._is_answering():
            self._await_the_next()

    def eof_received(self) -> bool:  # type: ignore[override]  # as in CarefulProtocol
        if not self._is_asked or self._held is not None or self._is_arriving:
            return super().eof_received()
        self._is_last = True
        return True

    def shutdown(self) -> None:
        """The server ends: a request that has begun is still answered."""
        if self._held is None and (self._is_asked or self._handler is not None):
            self._is_last = True
        else:
            super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._is_asked:
            # Its answer comes after the one that is awaited (RFC 9112 §9.3.2).
            self._held = cycle, app
            cycle.keep_alive = cycle.keep_alive and not self._is_last
        else:
            super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._is_asked or super()._is_answering()

    def _again_without_offer(self) -> bytes:
        if self._begun_with is not self._data:
            # The parser begins again, in the middle of what came: no first line stands there.
            self._is_first = False
        return super()._again_without_offer()

    def _make_scope(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers

    def _await_the_next(self) -> None:
        # One timer for a connection that asks again and again: a new one each time would cost more than the parsing.
        self._idle_since = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        rest_seconds = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if rest_seconds > 0:
            self._idle = self.loop.call_later(min(rest_seconds, self.timeout_keep_alive), self._close_if_idle)
        else:
            self._idle = None
            self.timeout_keep_alive_handler()

    def _ask(self, handler: Together, request: Request) -> None:
        self._is_asked = True
        handler.ask(self, request)

    def _is_repeated(self, known: Repeatable, data: bytes) -> bool:
        return (
            len(data) == known.length_with_body
            and data.startswith(known.as_it_came)
            and not self.flow.write_paused
            and not self._is_answering()
        )

    def _is_plain(self) -> bool:
        """One request after the other on a connection that stays, and nobody is behind with reading."""
        return (
            # What comes in one go is answered in turn with everybody else's: here, a caller would have us to himself.
            self._is_first
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self._is_leaving
            and not self._is_answering()
        )


def _lines(answer: Answer, defaults: list[Header]) -> Lines:
    text = STATUS_LINE[answer.status] + b"".join([b"%b: %b\r\n" % header for header in (*answer.headers, *defaults)])
    return Lines(answer.status, answer.headers, defaults, text)
