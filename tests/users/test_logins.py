"""Settings list the programs somebody is signed in with, and end them at once."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.crypto import guids
from ostiary.events.models import Event
from ostiary.settings import Settings
from ostiary.users.models import Login
from tests.people import Cast, add_membership, open_login, user_token
from tests.programs import Program, words
from tests.users.ways_in import PASSWORD

pytestmark = pytest.mark.any_database


PATH = "/settings/account"


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return cast.signed_in("Alice")


def guids_of(cast: Cast) -> set[str]:
    with cast.store.reading() as db:
        return set(db.scalars(sa.select(Login.guid)))


def ends(cast: Cast) -> list[Event]:
    with cast.store.reading() as db:
        return list(db.scalars(sa.select(Event).where(Event.event_type == "login.deleted")))


def test_shows_ones_own_and_nobody_elses(cast: Cast, alice: TestClient) -> None:
    elsewhere = add_membership(cast.store, cast["Alice"], cast.globex, "viewer")
    open_login(cast.store, cast["Alice"], bank_guid=cast.south)
    open_login(cast.store, elsewhere, bank_guid=cast.east)
    other = open_login(cast.store, cast["Dana"])
    shown = alice.get(PATH).text
    for part in ("South", "East", "Globex", "203.0.113.7", "End all"):
        assert part in shown, part
    assert other not in shown
    assert "None. To work from a terminal" in cast.signed_in("Bob").get(PATH).text


def test_ends_one_and_leaves_the_others(cast: Cast, alice: TestClient) -> None:
    one, two = (open_login(cast.store, cast["Alice"]) for _ in range(2))
    token, other = user_token(cast.ostiary, one), user_token(cast.ostiary, two)
    assert alice.post(f"{PATH}/logins/{one}/end").headers["location"] == f"{PATH}?done=login-ended"
    program = Program(cast.ostiary, cast.settings)
    assert program.get("/api/banks", token).status_code == 401
    assert program.get("/api/banks", other).status_code == 200
    (event,) = ends(cast)
    assert (event.object_guid, event.actor_guid) == (one, cast["Alice"].membership_guid)
    assert "Alice signed out of a program" in words(alice.get("/activity").text)


def test_ends_all_of_ones_own(cast: Cast, alice: TestClient) -> None:
    elsewhere = add_membership(cast.store, cast["Alice"], cast.globex, "viewer")
    mine = {open_login(cast.store, cast["Alice"]), open_login(cast.store, elsewhere)}
    other = open_login(cast.store, cast["Dana"])
    alice.post(f"{PATH}/logins/end")
    assert guids_of(cast) == {other}
    # Each in the trail of its own organization.
    assert {(event.object_guid in mine, event.organization_guid) for event in ends(cast)} == {
        (True, cast.acme),
        (True, cast.globex),
    }


@pytest.mark.parametrize("whose", ["Dana", "Mallory", "nobody"])
def test_takes_somebody_elses_for_nobodys(cast: Cast, alice: TestClient, whose: str) -> None:
    guid = guids.new() if whose == "nobody" else open_login(cast.store, cast[whose])
    before = guids_of(cast)
    assert alice.post(f"{PATH}/logins/{guid}/end").status_code == 404
    assert guids_of(cast) == before
    assert ends(cast) == []


def test_ends_all_when_every_other_session_ends(cast: Cast, alice: TestClient) -> None:
    open_login(cast.store, cast["Alice"])
    alice.post(f"{PATH}/sessions/end")
    assert guids_of(cast) == set()
    assert len(ends(cast)) == 1


def test_ends_all_with_a_new_password(cast: Cast) -> None:
    person = cast.join("Carol", "viewer", password=PASSWORD)
    open_login(cast.store, person)
    form = {"password_current": PASSWORD, "password": f"{PASSWORD}, another"}
    assert cast.signed_in("Carol").post(PATH, data=form).status_code == 303
    assert guids_of(cast) == set()


def test_hides_what_was_not_used_for_too_long(cast: Cast, alice: TestClient) -> None:
    guid = open_login(cast.store, cast["Alice"])
    with cast.store.writing() as db:
        long_ago = clock.now().replace(year=clock.now().year - 1)
        db.execute(sa.update(Login).values(last_used_at=long_ago))
    assert guid not in alice.get(PATH).text


def test_says_what_ends_when_somebody_is_shut_out(cast: Cast, alice: TestClient) -> None:
    path = f"/team/{cast['Dana'].membership_guid}/disablement"
    assert "signed in as Dana" not in alice.get(path).text
    open_login(cast.store, cast["Dana"])
    assert "A program is signed in as Dana" in alice.get(path).text
    alice.post(path, data={"confirmed": "yes"})
    assert guids_of(cast) == set()
