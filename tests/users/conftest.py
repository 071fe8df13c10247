"""The cast of people, ready for every test about them."""

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.people import Cast


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)
