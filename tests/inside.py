"""A server inside this process, so that a test can take a guard away and look at its pages in a real browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import uvicorn

from ostiary.web.asgi import App
from tests.live import HOST

START_SECONDS = 20


@contextmanager
def answered_by(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """The port of a server that is not Ostiary."""
    with HTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(app: App, port: int) -> Iterator[None]:
    config = uvicorn.Config(app, host=HOST, port=port, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive(), "the server hung"
