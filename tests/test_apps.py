"""Tests make thousands of applications in one process."""

import gc
import weakref

from ostiary.app import create_app
from ostiary.settings import Settings
from tests.apps import close


def test_keeps_nothing_of_an_app_that_was_closed(settings: Settings) -> None:
    made = create_app(settings)
    kept = weakref.ref(made)
    close(made)
    del made
    gc.collect()
    assert kept() is None
