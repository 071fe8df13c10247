"""Acme's people and the browsers they sit at: fixtures of the folders whose pages need no more."""

import pytest
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.people import Cast
from tests.programs import Program


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return cast.signed_in("Alice")


@pytest.fixture
def dana(cast: Cast) -> TestClient:
    return cast.signed_in("Dana")


@pytest.fixture
def bob(cast: Cast) -> TestClient:
    return cast.signed_in("Bob")


@pytest.fixture
def program(cast: Cast) -> Program:
    return Program(cast.ostiary, cast.settings)
