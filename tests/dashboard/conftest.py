"""The cast of the keys' pages, at the pages that show several things at once."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.applications.models import Application
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
def bob(cast: Cast) -> TestClient:
    return cast.person("Bob", Role.VIEWER)


@pytest.fixture
def mallory(cast: Cast) -> TestClient:
    return cast.person("Mallory", Role.OWNER, cast.globex)


@pytest.fixture
def key(cast: Cast) -> Application:
    return cast.key(cast.north, "Till")
