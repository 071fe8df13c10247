"""A caller with one kept-alive connection to a server, which notices when the server goes away."""

import http.client
import json
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.durability.direct import Pair

WAIT_SECONDS = 30
# The server closes connections that are idle for five seconds.
FRESH_SECONDS = 2


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def message(self) -> str:
        """What a refusal says, in whichever of the two shapes."""
        return str(self.body.get("error_message") or self.body.get("error_description"))


class Caller:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        self._used_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        """One request; raises OSError or HTTPException when no whole answer came, and connects anew the next time."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if time.monotonic() - self._used_at > FRESH_SECONDS:
            self._connection.close()
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self._connection.getresponse()
            raw = response.read()
            self._used_at = time.monotonic()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return Answer(response.status, json.loads(raw), {name.lower(): value for name, value in response.getheaders()})

    def token(self, pair: Pair) -> Answer:
        sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
        return self.ask("POST", "/oauth/token", sent)

    def customers(self, token: str) -> Answer:
        return self.ask("GET", "/api/customers", token=token)

    def new_customer(self, token: str) -> Answer:
        return self.ask("POST", "/api/customers", {"type": "individual"}, token)
