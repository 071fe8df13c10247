"""Acme with its people, at the pages of customers."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.customers.cast import Cast
from tests.durability.direct import office
from tests.signed_in import alice, bob, dana

__all__ = ["alice", "bob", "dana"]


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Iterator[Cast]:
    with office(settings) as opened:
        yield Cast(ostiary, settings, opened)
