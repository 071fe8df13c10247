"""Acme with its people, at the pages of customers."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.customers.cast import Cast
from tests.durability.direct import office


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Iterator[Cast]:
    with office(settings) as opened:
        yield Cast(ostiary, settings, opened)


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return cast.signed_in("Alice")


@pytest.fixture
def dana(cast: Cast) -> TestClient:
    return cast.signed_in("Dana")


@pytest.fixture
def bob(cast: Cast) -> TestClient:
    return cast.signed_in("Bob")
