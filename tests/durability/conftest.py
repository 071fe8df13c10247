"""An office beside the live server, and a caller of it."""

from collections.abc import Iterator

import pytest

from ostiary.settings import Settings
from tests.durability.direct import Office, office
from tests.durability.wire import Caller
from tests.live import LiveServer


@pytest.fixture
def beside(live: LiveServer, settings: Settings) -> Iterator[Office]:
    """The operator at the live server's database."""
    assert live.process.poll() is None
    with office(settings) as opened:
        yield opened


@pytest.fixture
def caller(live: LiveServer) -> Iterator[Caller]:
    with Caller(live.port) as opened:
        yield opened
