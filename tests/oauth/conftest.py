"""A desk in front of the application under test."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from tests.oauth.desk import Desk, open_desk


@pytest.fixture
def desk(ostiary: Ostiary) -> Iterator[Desk]:
    with open_desk(ostiary) as opened:
        yield opened
