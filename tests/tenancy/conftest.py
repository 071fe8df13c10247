"""The casts, on an empty Ostiary."""

from collections.abc import Iterator

import argon2
import pytest
from anyio.from_thread import start_blocking_portal
from limits import RateLimitItemPerMinute
from starlette.testclient import TestClient

from ostiary.app import Ostiary, create_app
from ostiary.settings import Settings
from ostiary.users import passwords, throttle
from ostiary.users.session import Sessions
from tests.oauth.desk import open_desk
from tests.pages.rows import PASSWORD
from tests.people import ADDRESS, BROWSER
from tests.tenancy.cast import Cast
from tests.tenancy.page_cast import PageCast
from tests.tenancy.watching import watching


@pytest.fixture
def cast(ostiary: Ostiary) -> Iterator[Cast]:
    with open_desk(ostiary) as desk, watching(ostiary.store) as watch:
        yield Cast(desk, watch)


@pytest.fixture
def page_cast(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageCast]:
    """With every page switched on that there is."""
    release_brakes(monkeypatch)
    chosen = settings.model_copy(update={"signup": "open", "owners_may_promote": True})
    made = create_app(chosen)
    # A page that breaks answers 500. The server's background work is not begun: it would write between two looks.
    browser = TestClient(
        made,
        base_url=chosen.issuer,
        client=(ADDRESS, 50_000),
        headers=BROWSER,
        follow_redirects=False,
        raise_server_exceptions=False,
    )
    with open_desk(made) as desk, watching(made.store) as watch, start_blocking_portal() as portal:
        # One event loop for all requests.
        browser.portal = portal
        yield PageCast(desk, watch, browser, Sessions(chosen).cookie_name)
    made.store.close()


def release_brakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost nothing and may be tried without end."""
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash(PASSWORD))
    monkeypatch.setattr(passwords, "_judged", lambda *_: passwords.GOOD_SCORE)
    for limit in ("PER_SOURCE", "PER_ACCOUNT", "PER_NEWCOMER"):
        monkeypatch.setattr(throttle, limit, RateLimitItemPerMinute(1_000_000, namespace=limit))
