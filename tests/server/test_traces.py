"""Requests can be followed through a collector of OpenTelemetry; what is secret never gets there."""

import asyncio
import http.server
import importlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ostiary.cli import serving
from ostiary.errors import ConfigurationError
from ostiary.house import House
from ostiary.settings import Settings
from ostiary.traces import Traces
from ostiary.web.asgi import App, Receive, Scope, Send
from ostiary.web.durations import Kind
from tests.live import HOST, STOP_SECONDS, environment, free_port, start_server

pytestmark = pytest.mark.any_database

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SENTINEL = "sentinel-of-the-path"


class Collector:
    """Takes what is sent to it, and keeps it."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.received.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self.server.server_port}"

    def spans(self) -> list[Span]:
        found = []
        for each in self.received:
            for resource in ExportTraceServiceRequest.FromString(each).resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def facts(span: Span) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_tells_a_collector_what_came_of_each_request(settings: Settings, database_url: str) -> None:
    with collecting() as collector:
        env = environment(settings.data_dir, database_url) | {"OSTIARY_TRACES_URL": collector.url}
        with start_server(env, free_port()) as live:
            pair = live.cli("init", "--organization", "Acme", "--bank", "North")
            sent = {"grant_type": "client_credentials", **{k: pair[k] for k in ("client_id", "client_secret")}}
            theirs = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            token = httpx2.post(f"{live.base_url}/oauth/token", json=sent, headers=theirs).json()["access_token"]
            bearer = {"authorization": f"Bearer {token}"}
            bank = f"{live.base_url}/api/banks/{pair['bank_guid']}"
            assert httpx2.get(f"{bank}?note={SENTINEL}", headers=bearer | theirs).status_code == 200
            assert httpx2.get(f"{live.base_url}/api/customers/{SENTINEL}", headers=bearer).status_code == 404
            assert httpx2.get(f"{live.base_url}/oauth/authorize-request/{SENTINEL}").status_code == 401
            assert httpx2.get(f"{live.base_url}/invitations/{SENTINEL}").status_code != 500
            live.process.send_signal(signal.SIGTERM)
            live.process.wait(STOP_SECONDS)
    spans = collector.spans()
    asked = {span.name: span for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    of_token, of_bank = asked["POST /oauth/token"], asked["GET /api/banks/{bank_guid}"]
    for span in (of_token, of_bank):
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert facts(span)["http.response.status_code"] == 200
        assert len(facts(span)["ostiary.request_id"]) == 32
    assert facts(asked["GET /api/customers/{customer_guid}"])["http.response.status_code"] == 404
    assert facts(asked["GET /oauth/authorize-request"])["http.response.status_code"] == 401
    statements = [span for span in spans if span.parent_span_id == of_bank.span_id]
    assert any("banks" in facts(span)["db.query.text"] for span in statements)
    # What the server does by itself is nobody's request.
    assert all(span.parent_span_id for span in spans if span.kind == Span.SPAN_KIND_CLIENT)
    everything = b"".join(collector.received)
    for secret in (pair["client_secret"], pair["client_id"], token, pair["bank_guid"], SENTINEL):
        assert secret.encode() not in everything


def test_serves_while_the_collector_is_away(settings: Settings, database_url: str) -> None:
    url = f"http://{HOST}:{free_port()}"
    env = environment(settings.data_dir, database_url) | {"OSTIARY_TRACES_URL": url}
    with start_server(env, free_port()) as live:
        assert httpx2.get(f"{live.base_url}/.well-known/jwks.json").status_code == 200
        began = time.monotonic()
        live.process.send_signal(signal.SIGTERM)
        live.process.wait(STOP_SECONDS)
        assert time.monotonic() - began < STOP_SECONDS


def test_tells_of_a_failure_only_that_it_was_one() -> None:
    """What an error says can be anybody's data: the database's own words have the values in them."""

    async def failing(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        raise ValueError(SENTINEL) from KeyError(SENTINEL)

    async def asked(app: App, scope: Scope) -> None:
        await app(scope, nothing, nothing)

    async def nothing(*_: object) -> Any:  # noqa: ANN401 - ASGI's
        return None

    with collecting() as collector:
        traces = Traces(collector.url)
        # Whoever asks has no say in what is followed.
        unwanted = (b"traceparent", f"00-{TRACE}-{PARENT}-00".encode())
        scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/api/x", "headers": [unwanted]}
        with pytest.raises(ValueError, match=SENTINEL):
            asyncio.run(asked(traces.traced(Kind.API, failing), scope))
        traces.close()
    [span] = collector.spans()
    assert (span.name, span.status.code, span.status.message) == ("GET api", Status.STATUS_CODE_ERROR, "")
    assert facts(span)["error.type"] == "ValueError"
    assert list(span.events) == []
    assert SENTINEL.encode() not in b"".join(collector.received)


def test_says_what_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    chosen = settings.model_copy(update={"traces_url": f"http://{HOST}:4318"})
    with pytest.raises(ConfigurationError, match=r"pip install 'ostiary\[traces\]'"):
        serving._tracing(House(settings), chosen)
