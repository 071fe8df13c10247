"""Worlds full of everything that pages are about."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.durability.direct import office
from tests.pages.things import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Everything is switched on that there is a page for."""
    return settings.model_copy(update={"signup": "open", "owners_may_promote": True})


@pytest.fixture
def world(ostiary: Ostiary, settings: Settings) -> Iterator[World]:
    with office(settings) as opened:
        yield World(ostiary, settings, opened.house.digester)
