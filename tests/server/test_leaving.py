"""A server that is asked to end loses no request: not one that is answered, on its way, or waiting at the door."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.durability.installation import Installation, installed
from tests.live import HOST, STOP_SECONDS
from tests.postgres import Postgres

pytestmark = pytest.mark.any_database

CALLERS = 8
BUSY_SECONDS = 0.3
UNLIMITED = {"OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY": "off"}


@pytest.fixture
def place(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("leaving"), **UNLIMITED) as made:
        yield made


class Caller(threading.Thread):
    """Asks again and again on connections that are kept alive, until nobody lets it in any more."""

    def __init__(self, port: int, method: str, path: str, body: bytes, **headers: str) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._asks = method, path, body, {"content-type": "application/json", **headers}
        self.answers = 0
        self.goodbyes = 0
        self.lost: list[str] = []

    def run(self) -> None:
        while self._talk():
            pass

    def _talk(self) -> bool:
        """One connection to its end; whether another one may be tried."""
        with closing(http.client.HTTPConnection(HOST, self._port, timeout=STOP_SECONDS)) as connection:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return False
            try:
                while True:
                    connection.request(*self._asks)
                    answer = connection.getresponse()
                    answer.read()
                    assert answer.status == http.HTTPStatus.OK
                    self.answers += 1
                    if answer.getheader("connection") == "close":
                        self.goodbyes += 1
                        return True
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.lost.append(repr(error))
                return True


def test_answers_everybody_before_it_ends(place: Installation, count: Callable[[int, int], int]) -> None:
    pair = place.office.key(place.office.bank())
    sent = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    for _ in range(count(2, 15)):
        callers = [
            *(Caller(place.live.port, "POST", "/oauth/token", json.dumps(sent).encode()) for _ in range(CALLERS // 2)),
            *(Caller(place.live.port, "GET", "/health/live", b"") for _ in range(CALLERS // 2)),
        ]
        for caller in callers:
            caller.start()
        time.sleep(BUSY_SECONDS)
        place.live.process.send_signal(signal.SIGTERM)
        assert place.live.process.wait(STOP_SECONDS) == -signal.SIGTERM
        for caller in callers:
            caller.join(STOP_SECONDS)
        assert [each for caller in callers for each in caller.lost] == []
        assert all(caller.goodbyes for caller in callers)
        assert sum(caller.answers for caller in callers) > CALLERS
        place.live.start()
