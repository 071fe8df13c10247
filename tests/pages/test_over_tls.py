"""Over TLS every page keeps browsers at TLS, and every cookie belongs to this host alone (W-04, W-06)."""

import pytest

from ostiary.settings import Settings
from ostiary.web import headers, theme
from tests.apps import app_on
from tests.pages.guarded import faults
from tests.pages.rows import ROWS
from tests.pages.things import World
from tests.people import browser

pytestmark = pytest.mark.any_database


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": "https://keys.example.com"})


def assert_guarded(world: World) -> None:
    """Every page, every form and a path that is not there; the application is made anew, as the flaw may have it."""
    cookies = set()
    with app_on(world.settings) as ostiary:
        for path in ["/nowhere", *{row.path.format(guid="0", word="0") for row in ROWS}]:
            visitor = browser(ostiary, world.settings)
            form = {"email": "alice@example.com", "password": "correct horse battery staple", "theme": "dark"}
            for answer in (visitor.get(path), visitor.post(path, data=form)):
                assert faults(answer, is_https=True) == [], path
                cookies |= {line.partition("=")[0] for line in answer.headers.get_list("set-cookie")}
    assert cookies == {"__Host-ostiary", "__Host-ostiary_theme"}


def test_binds_browsers_to_tls(world: World) -> None:
    assert_guarded(world)


def test_shows_the_chosen_colours_over_tls(world: World) -> None:
    visitor = world.stranger()
    visitor.post("/theme", data={"theme": "dark"})
    assert 'class="dark"' in visitor.get("/sign-in").text


def test_notices_answers_that_bind_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "HSTS", (b"x-nothing", b""))
    with pytest.raises(AssertionError):
        assert_guarded(world)


def test_notices_a_cookie_of_the_neighbours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "cookie_name", lambda _: theme.COOKIE)
    with pytest.raises(AssertionError):
        assert_guarded(world)
