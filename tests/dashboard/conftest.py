"""The cast of the keys' pages, at the pages that show several things at once."""

import pytest

from ostiary.applications.models import Application
from tests.applications.browsers import alice, bob, cast, dana, mallory
from tests.applications.cast import Cast

__all__ = ["alice", "bob", "cast", "dana", "mallory"]


@pytest.fixture
def key(cast: Cast) -> Application:
    return cast.key(cast.north, "Till")
