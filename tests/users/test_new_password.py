"""A link for a new password: once, for its person, within a quarter of an hour."""

import pytest
import time_machine

from ostiary import clock
from ostiary.users import accounts
from tests.people import OPERATOR, Cast
from tests.users.ways_in import (
    OTHER_PASSWORD,
    PASSWORD,
    errors_in,
    events,
    is_in,
    sign_in,
)


@pytest.fixture
def carol(cast: Cast) -> str:
    return cast.join("Carol", "viewer", password=PASSWORD).email


def link_for(cast: Cast, email: str) -> str:
    with cast.store.writing() as db:
        return accounts.new_password_link(db, OPERATOR, email).path


def test_changes_the_password_once_and_ends_every_session(cast: Cast, carol: str) -> None:
    signed_in = cast.signed_in("Carol")
    link = link_for(cast, carol)
    stranger = cast.stranger()
    assert "For carol@example.com." in stranger.get(link).text
    assert is_in(signed_in), "looking at the page is no use of it"
    answer = stranger.post(link, data={"password": OTHER_PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=password-changed")
    assert (is_in(stranger), is_in(signed_in)) == (True, False)
    assert cast.stranger().post(link, data={"password": PASSWORD}).status_code == 410
    assert sign_in(cast.stranger(), carol).status_code == 401
    assert sign_in(cast.stranger(), carol, OTHER_PASSWORD).status_code == 303
    made, changed = events(cast.store, "user.updated")
    assert (made.actor_subject, made.facts) == ("operator", {"password_link_made": True})
    assert (changed.actor_guid, changed.facts) == (cast["Carol"].membership_guid, {"password_changed": True})


def test_keeps_the_link_when_the_password_is_refused(cast: Cast, carol: str) -> None:
    link = link_for(cast, carol)
    answer = cast.stranger().post(link, data={"password": "carol@example.com"})
    assert answer.status_code == 400
    assert errors_in(answer)[0].startswith("Must be harder to guess")
    assert cast.stranger().post(link, data={"password": OTHER_PASSWORD, "mine": "x"}).status_code == 303


def test_ends_the_link_after_a_quarter_of_an_hour(cast: Cast, carol: str) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        link = link_for(cast, carol)
        time.shift(15 * 60 - 0.001)
        assert cast.stranger().get(link).status_code == 200
        time.shift(0.001)
        assert cast.stranger().get(link).status_code == 410
        assert cast.stranger().post(link, data={"password": OTHER_PASSWORD}).status_code == 410
    assert sign_in(cast.stranger(), carol).status_code == 303


def test_ends_the_link_with_the_next_one_and_with_the_account(cast: Cast, carol: str) -> None:
    first, second = link_for(cast, carol), link_for(cast, carol)
    assert cast.stranger().get(first).status_code == 410
    assert cast.stranger().get(second).status_code == 200
    with cast.store.writing() as db:
        accounts.disable(db, OPERATOR, carol)
        accounts.enable(db, OPERATOR, carol)
    assert cast.stranger().get(second).status_code == 410


def test_takes_the_word_for_nothing_else(cast: Cast, carol: str) -> None:
    word = link_for(cast, carol).rpartition("/")[2]
    form = {"name": "Mallory", "email": "mallory@evil.example", "password": OTHER_PASSWORD}
    for path in ("/set-up", "/join"):
        assert cast.stranger().get(f"{path}/{word}").status_code == 410
        assert cast.stranger().post(f"{path}/{word}", data=form).status_code == 410
    assert cast.stranger().get(f"/new-password/{word}").status_code == 200
