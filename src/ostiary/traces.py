"""Spans of requests, and of what they ask of the database, for a collector of OpenTelemetry (OTLP over HTTP).

No address is told with what stands in it: links that are used once have their secret in the path, and queries are
people's own. Nor are headers, bodies, and the values of a statement.
"""

import os
import threading
from typing import Any

import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import get_contextvars

from ostiary import __version__
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.web.asgi import App, Message, Receive, Scope, Send
from ostiary.web.durations import Kind
from ostiary.web.request_ids import FAILED

CLOSE_SECONDS = 3
# Of what an attribute says, in characters.
LONGEST = 4096
# Where somebody who follows a request over several systems says so (W3C Trace Context §3).
CONTEXT = (b"traceparent", b"tracestate")
SPANS = "ostiary_spans"

_propagator = TraceContextTextMapPropagator()


class Traces:
    """Of this process; OpenTelemetry's own variables say what it is called, and how its exporter sends.

    Which share of the requests is followed is the operator's affair, whatever callers wish.
    """

    is_on = True

    def __init__(self, url: str) -> None:
        facts = {"service.name": "ostiary", "service.version": __version__, "service.instance.id": guids.new()}
        resource = Resource.create(facts).merge(OTELResourceDetector().detect())
        wanted = TraceIdRatioBased(float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1")))
        sampler = ParentBased(wanted, remote_parent_sampled=wanted, remote_parent_not_sampled=wanted)
        self._provider = TracerProvider(sampler, resource, span_limits=SpanLimits(max_attribute_length=LONGEST))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
        self._tracer = self._provider.get_tracer("ostiary", __version__)

    def traced(self, kind: Kind, app: App) -> App:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            context = _propagator.extract(
                {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in CONTEXT}
            )
            method = scope["method"]
            known = {
                "http.request.method": method,
                "url.scheme": scope["scheme"],
                "ostiary.kind": kind.value,
                # Whoever reads the log finds what it says of the same request.
                "ostiary.request_id": str(get_contextvars().get("request_id", "")),
            }
            with self._tracer.start_as_current_span(
                f"{method} {_place(kind, scope)}",
                context,
                SpanKind.SERVER,
                known,
                # What an error says can be anybody's data.
                record_exception=False,
                set_status_on_exception=False,
            ) as span:

                async def noting(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        _note_status(span, message["status"])
                    await send(message)

                try:
                    await app(scope, receive, noting)
                except Exception as error:
                    span.set_attribute("error.type", type(error).__qualname__)
                    span.set_status(StatusCode.ERROR)
                    raise

        return run

    def named(self, app: App) -> App:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    span = trace.get_current_span()
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.route", route)

        return run

    def watch(self, store: Store) -> None:
        """What requests ask of this database becomes a part of their spans; work that nobody asked for does not."""

        def begins(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
            if trace.get_current_span().is_recording():
                known = {"db.system.name": connection.dialect.name, "db.query.text": statement}
                span = self._tracer.start_span(statement.partition(" ")[0], kind=SpanKind.CLIENT, attributes=known)
                connection.info.setdefault(SPANS, []).append(span)

        def ends(connection: sa.Connection, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
            if connection.info.get(SPANS):
                connection.info[SPANS].pop().end()

        def fails(context: sa.engine.ExceptionContext) -> None:
            connection = context.connection
            if connection is not None and connection.info.get(SPANS):
                span = connection.info[SPANS].pop()
                span.set_status(StatusCode.ERROR)
                span.end()

        sa.event.listen(store.engine, "before_cursor_execute", begins)
        sa.event.listen(store.engine, "after_cursor_execute", ends)
        sa.event.listen(store.engine, "handle_error", fails)

    def close(self) -> None:
        """Sends what was not sent yet. A collector that is away is not waited for as long as its exporter would."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)


def _place(kind: Kind, scope: Scope) -> str:
    """Of what is reached by a fixed path, its first two names; what may follow them is the caller's own."""
    return "/".join(scope["path"].split("/")[:3]) if kind in {Kind.TOKEN, Kind.OAUTH} else kind.value


def _note_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= FAILED:
        span.set_status(StatusCode.ERROR)
