"""The casts, on an empty Ostiary."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary, create_app
from ostiary.settings import Settings
from tests.oauth.desk import open_desk
from tests.tenancy.cast import Cast
from tests.tenancy.page_cast import PageCast
from tests.tenancy.state import watching


@pytest.fixture
def cast(ostiary: Ostiary) -> Iterator[Cast]:
    with open_desk(ostiary) as desk, watching() as readings:
        yield Cast(desk, readings)


@pytest.fixture
def page_cast(settings: Settings) -> Iterator[PageCast]:
    """With every page switched on that there is."""
    chosen = settings.model_copy(update={"signup": "open", "owners_may_promote": True})
    made = create_app(chosen)
    with open_desk(made) as desk, watching() as readings:
        yield PageCast(desk, chosen, readings)
    made.store.close()
