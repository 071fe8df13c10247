"""Sessions: an id of their own, two limits exact to the second, and an end that holds from the next request on."""

import hashlib
from http.cookies import SimpleCookie

import time_machine
from starlette.requests import Request

from ostiary import clock
from ostiary.access.scopes import Scope
from ostiary.app import Ostiary
from ostiary.settings import Settings
from ostiary.users import accounts, service
from ostiary.users.session import Sessions
from tests.apps import app_on
from tests.people import OPERATOR, Cast, add_membership, add_person, browser, open_session, put_cookie, signed_in
from tests.users.ways_in import PASSWORD, events, invite, is_in, members, sessions, sign_in, users

IDLE_SECONDS = 3600
DAY_SECONDS = 24 * 3600
# Under a second's thousandth nothing is kept.
MOMENT = 0.001


def secure(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": "https://keys.example.com"})


def test_ends_a_session_after_an_hour_without_a_click_to_the_second(cast: Cast) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        dana = cast.signed_in("Dana")
        time.shift(IDLE_SECONDS - MOMENT)
        assert is_in(dana)
        time.shift(IDLE_SECONDS - MOMENT)
        assert is_in(dana), "a click starts the hour anew"
        time.shift(IDLE_SECONDS)
        assert not is_in(dana)
        time.shift(-MOMENT)
        assert is_in(dana), "it was the hour, and nothing else"


def test_ends_a_session_after_a_day_whatever_was_done(cast: Cast, carol: str) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        browser = cast.stranger()
        sign_in(browser, carol)
        for _ in range(47):
            time.shift(DAY_SECONDS / 48)
            assert is_in(browser)
        time.shift(DAY_SECONDS / 48 - MOMENT)
        assert is_in(browser)
        time.shift(MOMENT)
        assert not is_in(browser)


def test_obeys_limits_that_an_operator_chose(cast: Cast, settings: Settings) -> None:
    chosen = settings.model_copy(update={"session_idle_seconds": 120})
    with app_on(chosen) as made, time_machine.travel(clock.now(), tick=False) as time:
        dana = signed_in(made, chosen, cast["Dana"])
        time.shift(120 - MOMENT)
        assert is_in(dana)
        time.shift(120)
        assert not is_in(dana)


def test_gives_a_new_id_at_sign_in_and_ends_the_old_one(cast: Cast, carol: str) -> None:
    browser = cast.signed_in("Bob")
    planted = browser.cookies["ostiary"]
    sign_in(browser, carol)
    given = browser.cookies["ostiary"]
    assert given != planted
    put_cookie(browser, "ostiary", planted)
    assert not is_in(browser)


def test_takes_no_id_that_it_did_not_make(cast: Cast, carol: str) -> None:
    browser = cast.stranger()
    put_cookie(browser, "ostiary", "planted")
    sign_in(browser, carol)
    assert browser.cookies["ostiary"] != "planted"
    (session,) = sessions(cast.store)
    assert session.id_digest == hashlib.sha256(browser.cookies["ostiary"].encode()).digest()
    put_cookie(browser, "ostiary", "planted")
    assert not is_in(browser)


def test_binds_cookies_to_its_host_and_to_tls(ostiary: Ostiary, settings: Settings) -> None:
    chosen = secure(settings)
    add_person(ostiary.store, "Carol", password=PASSWORD)
    with app_on(chosen) as made:
        client = browser(made, chosen)
        answer = sign_in(client, "carol@example.com")
        (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert cookie.key == "__Host-ostiary"
        assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/")
        assert (cookie["samesite"], cookie["domain"], cookie["max-age"]) == ("Strict", "", "")
        assert len(answer.headers["set-cookie"]) < 200
        assert is_in(client)
        out = client.post("/sign-out").headers["set-cookie"]
    assert out.startswith("__Host-ostiary=;")
    assert "Secure" in out


def test_gives_cookies_to_no_script_without_tls_either(cast: Cast, carol: str) -> None:
    given = sign_in(cast.stranger(), carol).headers["set-cookie"]
    assert given.startswith("ostiary=")
    assert given.endswith("; Path=/; HttpOnly; SameSite=Strict")


def test_takes_a_cookie_without_the_prefix_for_nothing_over_tls(cast: Cast, settings: Settings) -> None:
    chosen = secure(settings)
    with app_on(chosen) as made:
        client = browser(made, chosen)
        put_cookie(client, "ostiary", open_session(cast.store, cast["Bob"]))
        assert not is_in(client)


def test_shuts_a_disabled_person_out_with_the_next_request(cast: Cast) -> None:
    browsers = [cast.signed_in("Dana") for _ in range(2)]
    cast.signed_in("Alice").post(f"/team/{cast['Dana'].membership_guid}/disablement", data={"confirmed": "yes"})
    assert not any(is_in(browser) for browser in browsers)
    cast.signed_in("Alice").post(f"/team/{cast['Dana'].membership_guid}/enablement")
    assert not any(is_in(browser) for browser in browsers), "what has ended stays so"
    assert browsers[0].post("/banks/new", data={"name": "x"}).status_code in {401, 404}


def test_obeys_a_new_role_with_the_next_request(cast: Cast) -> None:
    bob = cast.signed_in("Bob")
    assert bob.get("/team/invitations").status_code == 403
    cast.signed_in("Alice").post(f"/team/{cast['Bob'].membership_guid}", data={"role": "administrator"})
    assert bob.get("/team/invitations").status_code == 200
    cast.signed_in("Alice").post(f"/team/{cast['Bob'].membership_guid}", data={"role": "viewer"})
    assert bob.get("/team/invitations").status_code == 403


def test_ends_every_session_of_an_account_that_the_operator_disables(cast: Cast) -> None:
    dana = cast.signed_in("Dana")
    with cast.store.writing() as db:
        accounts.disable(db, OPERATOR, cast["Dana"].email)
    assert not is_in(dana)
    assert [each for each in sessions(cast.store) if each.user_guid == cast["Dana"].user_guid] == []


def test_lets_somebody_stay_in_their_other_organizations(cast: Cast) -> None:
    here = cast.signed_in("Dana")
    there = signed_in(cast.ostiary, cast.settings, add_membership(cast.store, cast["Dana"], cast.globex, "viewer"))
    with cast.store.writing() as db:
        service.disable(db, OPERATOR, cast["Dana"].membership_guid)
    assert not is_in(here)
    assert is_in(there)


def test_never_turns_a_session_to_another_organization_by_itself(cast: Cast) -> None:
    """A form that was filled in for Acme would arrive in Globex."""
    add_membership(cast.store, cast["Alice"], cast.globex, "owner")
    cast.join("Second", "owner")
    alice = cast.signed_in("Alice")
    with cast.store.writing() as db:
        service.disable(db, OPERATOR, cast["Alice"].membership_guid)
    # As if it had been opened between the end of the sessions and this request.
    put_cookie(alice, "ostiary", open_session(cast.store, cast["Alice"]))
    assert invite(alice, cast, "eve@example.com", organization_guid=cast.globex).status_code == 401
    assert "eve@example.com" not in members(cast.store, cast.globex)


def test_switches_between_ones_own_organizations_only(cast: Cast) -> None:
    add_membership(cast.store, cast["Dana"], cast.globex, "viewer")
    dana = cast.signed_in("Dana")
    assert "Who may work with Acme" in dana.get("/team").text
    assert dana.post("/organizations/selection", data={"organization_guid": cast.globex}).status_code == 303
    assert "Who may work with Globex" in dana.get("/team").text
    bob = cast.signed_in("Bob")
    assert bob.post("/organizations/selection", data={"organization_guid": cast.globex}).status_code == 404
    assert "Who may work with Acme" in bob.get("/team").text


def test_lets_only_those_found_an_organization_who_never_belonged_to_one(cast: Cast, settings: Settings) -> None:
    with cast.store.writing() as db:
        service.disable(db, OPERATOR, cast["Dana"].membership_guid)
    add_person(cast.store, "Lone")
    may = {name: may_found(cast, settings, name) for name in ("Dana", "Lone")}
    assert may == {"Dana": False, "Lone": True}
    assert may_found(cast, settings.model_copy(update={"signup": "open"}), "Dana")


def may_found(cast: Cast, settings: Settings, name: str) -> bool:
    kept = Sessions(settings)
    user = users(cast.store)[f"{name.lower()}@example.com"]
    with cast.store.writing() as db:
        word = kept.open(db, user, Request({"type": "http", "headers": []}), "")
        cookie = f"{kept.cookie_name}={word}".encode()
        visitor = kept.visitor(db, Request({"type": "http", "headers": [(b"cookie", cookie)]}), "")
    assert visitor is not None
    return visitor.actor.may(Scope.ORGANIZATIONS_WRITE)


def test_records_who_signed_in_and_from_where(cast: Cast, carol: str) -> None:
    sign_in(cast.stranger("2001:db8::7"), carol)
    (event,) = events(cast.store, "session.created")
    assert (event.address, event.actor_guid) == ("2001:db8::7", cast["Carol"].membership_guid)
    (session,) = sessions(cast.store)
    assert event.object_guid == session.guid
