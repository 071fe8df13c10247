"""The cast of the Identity API: Acme's people and Mallory, whose programs hold tokens of theirs."""

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.people import Cast


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)
