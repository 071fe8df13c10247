"""The casts, each on an Ostiary of its own, for a whole file: every walk begins with the same rows anyway."""

from collections.abc import Iterator
from contextlib import contextmanager

import argon2
import pytest
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary.settings import Settings
from ostiary.users import passwords
from ostiary.users.session import Sessions
from tests.apps import app_on
from tests.databases import fresh_database
from tests.live import MASTER_KEY
from tests.oauth.desk import open_desk
from tests.pages.rows import PASSWORD
from tests.people import ADDRESS, BROWSER
from tests.postgres import Postgres
from tests.tenancy.cast import Cast
from tests.tenancy.page_cast import PageCast
from tests.tenancy.watching import watching


@pytest.fixture(scope="module")
def settings(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """With every page switched on that there is."""
    folder = tmp_path_factory.mktemp("tenancy")
    with fresh_database(postgres, folder) as url:
        yield Settings(
            data_dir=folder / "data",
            database_url=SecretStr(url),
            master_key=SecretStr(MASTER_KEY),
            signup="open",
            owners_may_promote=True,
            # A walk fails more often than anybody may.
            limit_failed_token_requests_per_source=None,
            limit_failed_sign_ins_per_source=None,
            limit_failed_sign_ins_per_account=None,
            limit_failed_user_codes_per_account=None,
            limit_sign_ups_per_source=None,
        )


@pytest.fixture(scope="module")
def cast(settings: Settings) -> Iterator[Cast]:
    with app_on(settings) as made, open_desk(made) as desk, watching(made.store) as watch:
        yield Cast(desk, watch)


@pytest.fixture(scope="module")
def page_cast(settings: Settings) -> Iterator[PageCast]:
    with without_brakes(), app_on(settings) as made, open_desk(made) as desk, watching(made.store) as watch:
        # A page that breaks answers 500. The server's background work is not begun: it would write between two looks.
        browser = TestClient(
            made,
            base_url=settings.issuer,
            client=(ADDRESS, 50_000),
            headers=BROWSER,
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        # One event loop for all requests.
        with start_blocking_portal() as browser.portal:
            yield PageCast(desk, watch, browser, Sessions(settings).cookie_name)


@contextmanager
def without_brakes() -> Iterator[None]:
    """Passwords cost nothing."""
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_NOBODYS", cheap.hash(PASSWORD))
        patch.setattr(passwords, "_judged", lambda *_: passwords.GOOD_SCORE)
        yield
