"""The cast of the keys' pages, and the browsers they sit at: fixtures of every folder whose pages show keys."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.settings import Settings
from ostiary.users.models import Role
from tests.applications.cast import Cast
from tests.durability.direct import office


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Iterator[Cast]:
    with office(settings) as opened:
        yield Cast(ostiary, settings, opened)


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return cast.person("Alice", Role.OWNER)


@pytest.fixture
def dana(cast: Cast) -> TestClient:
    return cast.person("Dana", Role.DEVELOPER)


@pytest.fixture
def bob(cast: Cast) -> TestClient:
    return cast.person("Bob", Role.VIEWER)


@pytest.fixture
def mallory(cast: Cast) -> TestClient:
    return cast.person("Mallory", Role.OWNER, cast.globex)
