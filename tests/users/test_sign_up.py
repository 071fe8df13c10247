"""Making an account without an invitation: only where the operator opened the server."""

from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.apps import app_on
from tests.people import add_person, browser
from tests.users.ways_in import PASSWORD, errors_in, is_in, users

NEW = {"email": "Eve@Example.com", "name": "Eve", "password": PASSWORD}


@pytest.fixture
def opened(settings: Settings) -> Settings:
    return settings.model_copy(update={"signup": "open"})


@pytest.fixture
def server(opened: Settings) -> Iterator[Ostiary]:
    with app_on(opened) as made:
        yield made


def test_takes_people_by_invitation_only(ostiary: Ostiary, settings: Settings) -> None:
    stranger = browser(ostiary, settings)
    assert stranger.get("/sign-up").headers["location"] == "/sign-in?done=by-invitation"
    assert "Make an account" not in stranger.get("/sign-in").text
    assert stranger.post("/sign-up", data=NEW).status_code == 403
    assert users(ostiary.store) == {}


def test_lets_anybody_in_where_the_server_is_open(server: Ostiary, opened: Settings) -> None:
    stranger = browser(server, opened)
    assert 'href="/sign-up"' in stranger.get("/sign-in").text
    assert stranger.get("/sign-up").status_code == 200
    assert stranger.post("/sign-up", data=NEW).headers["location"] == "/"
    assert is_in(stranger)
    assert stranger.get("/team").headers["location"] == "/start"
    assert list(users(server.store)) == ["eve@example.com"]


def test_makes_no_second_account_for_one_address(server: Ostiary, opened: Settings) -> None:
    add_person(server.store, "Eve")
    wide = "\N{FULLWIDTH LATIN CAPITAL LETTER E}VE@example.com"
    answer = browser(server, opened).post("/sign-up", data=NEW | {"email": wide})
    assert answer.status_code == 409
    assert errors_in(answer) == [
        "This did not work: whoever has an account already signs in first and then opens the link again"
    ]
    assert PASSWORD not in answer.text


def test_lets_nobody_make_accounts_by_the_dozen(server: Ostiary, opened: Settings) -> None:
    stranger = browser(server, opened)
    form = NEW | {"password": "short"}
    statuses = [stranger.post("/sign-up", data=form).status_code for _ in range(21)]
    assert statuses == [400] * 20 + [429]
    assert browser(server, opened, address="198.51.100.1").post("/sign-up", data=NEW).status_code == 303
