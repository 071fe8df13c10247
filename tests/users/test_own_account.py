"""One's own account: the password, and the places at which one is signed in."""

import datetime as dt

import pytest
import time_machine

from ostiary import clock
from tests.people import Cast, add_person, open_session, put_cookie, signed_in
from tests.ticking import Ticks
from tests.users.ways_in import (
    OTHER_PASSWORD,
    PASSWORD,
    errors_in,
    events,
    is_in,
    problem_in,
    sessions,
    sign_in,
    users,
)

PATH = "/settings/account"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"
CHANGE = {"password_current": PASSWORD, "password": OTHER_PASSWORD}


@pytest.fixture
def carol(cast: Cast) -> str:
    return cast.join("Carol", "viewer", password=PASSWORD).email


def test_changes_a_password_and_ends_every_other_session(cast: Cast, carol: str) -> None:
    here, elsewhere = cast.signed_in("Carol"), cast.signed_in("Carol")
    bob = cast.signed_in("Bob")
    word = here.cookies["ostiary"]
    answer = here.post(PATH, data=CHANGE)
    assert answer.headers["location"] == f"{PATH}?done=password-changed"
    assert "every other session has ended" in here.get(answer.headers["location"]).text
    assert (is_in(here), is_in(elsewhere), is_in(bob)) == (True, False, True)
    put_cookie(elsewhere, "ostiary", word)
    assert not is_in(elsewhere), "this session goes on under a new id"
    assert sign_in(cast.stranger(), carol).status_code == 401
    assert sign_in(cast.stranger(), carol, OTHER_PASSWORD).status_code == 303
    (event,) = events(cast.store, "user.updated")
    assert (event.object_guid, event.facts) == (cast["Carol"].membership_guid, {"password_changed": True})


def test_asks_for_the_password_that_holds_now(cast: Cast, carol: str) -> None:
    browser = cast.signed_in("Carol")
    before = users(cast.store)[carol].password_hash
    answer = browser.post(PATH, data=CHANGE | {"password_current": "wrong"})
    assert answer.status_code == 422
    assert errors_in(answer) == ["This is not your password."]
    assert OTHER_PASSWORD not in answer.text
    assert users(cast.store)[carol].password_hash == before


def test_slows_down_who_guesses_the_password_of_a_stolen_session(cast: Cast, carol: str, ticks: Ticks) -> None:
    assert ticks.now
    browser = cast.signed_in("Carol", "198.51.100.7")
    guess = CHANGE | {"password_current": "wrong"}
    assert [browser.post(PATH, data=guess).status_code for _ in range(10)] == [422] * 10
    slowed = browser.post(PATH, data=CHANGE)
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "900")
    assert "Too many attempts" in problem_in(slowed)
    assert sign_in(cast.stranger(), carol).status_code == 303


@pytest.mark.parametrize("weak", ["short", "password1234", "carol@example.com"])
def test_takes_no_weak_password(cast: Cast, carol: str, weak: str) -> None:
    answer = cast.signed_in("Carol").post(PATH, data=CHANGE | {"password": weak})
    assert answer.status_code == 400
    assert len(errors_in(answer)) == 1
    assert sign_in(cast.stranger(), carol).status_code == 303


def test_lists_where_somebody_is_signed_in_this_one_first(cast: Cast) -> None:
    open_session(cast.store, cast["Dana"], address="2001:db8::7", user_agent=IPHONE)
    open_session(cast.store, cast["Bob"], address="192.0.2.99")
    page = cast.signed_in("Dana").get(PATH).text
    assert page.index("This one") < page.index("Safari on iPhone")
    assert "Firefox on Linux" in page
    assert "2001:db8::7" in page
    assert "192.0.2.99" not in page


def test_lists_no_session_that_has_ended_by_itself(cast: Cast) -> None:
    with time_machine.travel(clock.now() - dt.timedelta(hours=1), tick=False) as time:
        open_session(cast.store, cast["Dana"], address="192.0.2.99")
        time.shift(3600)
        page = cast.signed_in("Dana").get(PATH).text
    assert "192.0.2.99" not in page
    assert "End all others" not in page


def test_ends_a_single_session(cast: Cast) -> None:
    here, there, third = (cast.signed_in("Dana") for _ in range(3))
    guid = sorted(sessions(cast.store), key=lambda each: each.guid)[1].guid
    answer = here.post(f"{PATH}/sessions/{guid}/end")
    assert answer.headers["location"] == f"{PATH}?done=session-ended"
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    (event,) = events(cast.store, "session.deleted")
    assert (event.object_guid, event.actor_guid) == (guid, cast["Dana"].membership_guid)


def test_ends_all_others(cast: Cast) -> None:
    here, there, third = (cast.signed_in("Dana") for _ in range(3))
    bob = cast.signed_in("Bob")
    assert here.post(f"{PATH}/sessions/end").status_code == 303
    assert [is_in(each) for each in (here, there, third, bob)] == [True, False, False, True]
    assert len(events(cast.store, "session.deleted")) == 2


def test_ends_nobody_elses_session(cast: Cast) -> None:
    alice = cast.signed_in("Alice")
    (session,) = sessions(cast.store)
    assert cast.signed_in("Bob").post(f"{PATH}/sessions/{session.guid}/end").status_code == 404
    assert is_in(alice)


def test_is_there_for_somebody_without_an_organization(cast: Cast) -> None:
    person = add_person(cast.store, "Lone", password=PASSWORD)
    lone = signed_in(cast.ostiary, cast.settings, person)
    assert "Lone, lone@example.com" in lone.get(PATH).text
    assert lone.post(PATH, data=CHANGE).status_code == 303
    assert lone.get("/team").headers["location"] == "/start"
