"""The cast, on an empty Ostiary."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from tests.oauth.desk import open_desk
from tests.tenancy.cast import Cast
from tests.tenancy.state import watching


@pytest.fixture
def cast(ostiary: Ostiary) -> Iterator[Cast]:
    with open_desk(ostiary) as desk, watching() as readings:
        yield Cast(desk, readings)
