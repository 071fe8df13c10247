"""Servers that answer what a test tells them to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from tests.inside import answered_by
from tests.live import HOST

HEADERS: dict[str, str] = {}


class Answer(NamedTuple):
    status: int
    body: object
    headers: dict[str, str] = HEADERS


@contextmanager
def answering(answer: Callable[[str], Answer], asked: list[str] | None = None) -> Iterator[str]:
    """A server that answers each path, with its query, as it is told; bytes as they are, anything else as JSON."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(f"{self.command} {self.path}")
            said = answer(self.path)
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with answered_by(Answers) as port:
        yield f"http://{HOST}:{port}"
