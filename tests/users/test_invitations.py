"""Invitations: a link for one address that works once, and tells nothing about the address."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from ostiary import clock
from ostiary.users import one_time_links
from ostiary.users.models import LinkPurpose
from tests.people import Cast, add_person
from tests.users.ways_in import (
    PASSWORD,
    errors_in,
    events,
    invite,
    invited,
    is_in,
    join,
    link_in,
    members,
    problem_in,
    sign_in,
    users,
)

WEEK_SECONDS = 7 * 24 * 3600
EVE = "eve@example.com"


def test_lets_an_invited_person_in_once(cast: Cast) -> None:
    link = invited(cast, "Eve@Example.com", "developer")
    eve = cast.stranger()
    page = eve.get(link)
    assert "Join Acme" in page.text
    assert "eve@example.com is invited as developer" in page.text
    answer = join(eve, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=joined")
    assert is_in(eve)
    member = members(cast.store, cast.acme)[EVE]
    assert (member.role, member.invited_by) == ("developer", cast["Alice"].membership_guid)
    assert join(cast.stranger(), link, "Mallory").status_code == 410
    assert cast.stranger().get(link).status_code == 410
    assert users(cast.store)[EVE].name == "Eve"


def test_records_who_invited_whom_and_who_came(cast: Cast) -> None:
    join(cast.stranger(), invited(cast, EVE, "viewer"))
    member = members(cast.store, cast.acme)[EVE]
    (asked,), (came,) = events(cast.store, "user.invited"), events(cast.store, "user.created")
    assert (asked.actor_guid, asked.object_guid) == (cast["Alice"].membership_guid, member.guid)
    assert asked.facts == {"email": EVE, "role": "viewer"} == came.facts
    assert (came.actor_guid, came.object_guid) == (member.guid, member.guid)


def test_shows_the_link_in_one_answer_that_nobody_keeps(cast: Cast) -> None:
    alice = cast.signed_in("Alice")
    answer = invite(alice, cast, EVE)
    word = link_in(answer).rpartition("/")[2]
    assert answer.headers["cache-control"] == "no-store"
    assert "data-shown-once" in answer.text
    guid = members(cast.store, cast.acme)[EVE].guid
    assert f'data-address="/team/{guid}"' in answer.text
    for path in ("/team", f"/team/{guid}", "/activity", "/team/invitations"):
        assert word not in alice.get(path).text
    again = invite(alice, cast, EVE)
    assert again.status_code == 409
    assert errors_in(again) == ["This address is in the team already: look for it there"]
    assert word not in again.text


def test_is_for_its_own_address_only(cast: Cast) -> None:
    link = invited(cast, EVE)
    bob = cast.signed_in("Mallory")
    assert "this invitation is for eve@example.com" in bob.get(link).text
    assert bob.post(f"{link}/acceptance").status_code == 403
    assert not members(cast.store, cast.acme)[EVE].is_accepted
    assert join(cast.stranger(), link).status_code == 303


def test_takes_no_other_address_from_the_form(cast: Cast) -> None:
    link = invited(cast, EVE)
    form = {"name": "Mallory", "email": "other@example.com", "password": PASSWORD}
    assert cast.stranger().post(link, data=form).status_code == 303
    assert "other@example.com" not in users(cast.store)
    assert members(cast.store, cast.acme)[EVE].is_accepted


def test_lets_somebody_with_an_account_join_with_it(cast: Cast) -> None:
    mallory = cast["Mallory"]
    link = invited(cast, mallory.email.upper(), "viewer")
    browser = cast.signed_in("Mallory")
    assert "Join as Mallory" in browser.get(link).text
    answer = browser.post(f"{link}/acceptance")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=joined")
    assert "Who may work with Acme" in browser.get("/team").text
    assert members(cast.store, cast.acme)[mallory.email].user_guid == mallory.user_guid
    assert browser.post(f"{link}/acceptance").status_code == 410


def test_offers_signing_in_first_and_leads_back(cast: Cast) -> None:
    person = add_person(cast.store, "Eve", password=PASSWORD)
    link = invited(cast, person.email)
    browser = cast.stranger()
    offered = re.search(r'href="(/sign-in\?next=[^"]+)"', browser.get(link).text)
    assert offered
    assert browser.get(offered[1]).status_code == 200
    assert sign_in(browser, person.email, next=link).headers["location"] == link
    assert "Join as Eve" in browser.get(link).text


def test_says_the_same_whether_or_not_an_address_has_an_account(cast: Cast) -> None:
    add_person(cast.store, "Erin")
    known, unknown = "erin@example.com", "lena@example.com"
    alice = cast.signed_in("Alice")
    answers = {email: invite(alice, cast, email) for email in (known, unknown)}
    pages = {email: cast.stranger().get(link_in(answer)) for email, answer in answers.items()}
    rows = members(cast.store, cast.acme)
    cards = {email: alice.get(f"/team/{rows[email].guid}") for email in answers}

    def plain(text: str, email: str) -> str:
        for part in (email, email.partition("@")[0], rows[email].guid):
            text = text.replace(part, "X")
        text = re.sub(r"/join/[\w-]+|%2Fjoin%2F[\w-]+", "/join/WORD", text)
        return re.sub(r"\d+ seconds? ago|just now|\d\d:\d\d:\d\d|\.\d{3}Z", "THEN", text)

    for shown in (answers, pages, cards):
        assert shown[known].status_code == shown[unknown].status_code == 200
        assert plain(shown[known].text, known) == plain(shown[unknown].text, unknown)
    assert "Erin" not in cards[known].text


def test_makes_no_second_account_for_an_address(cast: Cast) -> None:
    add_person(cast.store, "Erin", password=PASSWORD)
    link = invited(cast, "erin@example.com")
    answer = join(cast.stranger(), link, "Mallory", "another fine day out")
    assert answer.status_code == 409
    assert "whoever has an account already signs in first" in problem_in(answer)
    assert users(cast.store)["erin@example.com"].name == "Erin"
    assert not members(cast.store, cast.acme)["erin@example.com"].is_accepted
    assert cast.stranger().get(link).status_code == 200, "the link is for its person still"
    assert sign_in(cast.stranger(), "erin@example.com").status_code == 303


def test_slows_down_who_tries_out_addresses(cast: Cast) -> None:
    add_person(cast.store, "Erin")
    link = invited(cast, "erin@example.com")
    form = {"name": "Mallory", "password": "short"}
    statuses = [cast.stranger("198.51.100.7").post(link, data=form).status_code for _ in range(21)]
    assert statuses == [400] * 20 + [429]
    assert cast.stranger("198.51.100.8").post(link, data=form).status_code == 400


def test_ends_an_invitation_after_a_week(cast: Cast) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        link = invited(cast, EVE)
        time.shift(WEEK_SECONDS - 0.001)
        assert cast.stranger().get(link).status_code == 200
        time.shift(0.001)
        assert cast.stranger().get(link).status_code == 410
        assert join(cast.stranger(), link).status_code == 410
        page = cast.signed_in("Alice").get(f"/team/{members(cast.store, cast.acme)[EVE].guid}")
        assert "Has expired: make a new one" in page.text


def test_ends_the_old_link_when_a_new_one_is_made(cast: Cast) -> None:
    old = invited(cast, EVE)
    guid = members(cast.store, cast.acme)[EVE].guid
    new = link_in(cast.signed_in("Alice").post(f"/team/{guid}/link"))
    assert new != old
    assert join(cast.stranger(), old).status_code == 410
    assert join(cast.stranger(), new).status_code == 303
    assert cast.signed_in("Alice").post(f"/team/{guid}/link").status_code == 409


def test_withdraws_an_invitation(cast: Cast) -> None:
    link = invited(cast, EVE)
    alice = cast.signed_in("Alice")
    path = f"/team/{members(cast.store, cast.acme)[EVE].guid}/withdrawal"
    assert "stops working at once" in alice.get(path).text
    assert errors_in(alice.post(path)) == ["Tick the box, so that nothing happens by accident."]
    assert alice.post(path, data={"confirmed": "yes"}).headers["location"] == "/team?done=invitation-withdrawn"
    assert cast.stranger().get(link).status_code == 410
    assert join(cast.stranger(), link).status_code == 410
    assert EVE not in members(cast.store, cast.acme)
    (event,) = events(cast.store, "user.deleted")
    assert event.facts == {"email": EVE, "role": "viewer"}
    assert join(cast.stranger(), invited(cast, EVE)).status_code == 303


def test_withdraws_nothing_that_was_taken_up(cast: Cast) -> None:
    path = f"/team/{cast['Bob'].membership_guid}/withdrawal"
    alice = cast.signed_in("Alice")
    assert "There is nothing to withdraw" in alice.get(path).text
    assert alice.post(path, data={"confirmed": "yes"}).status_code == 409
    assert cast["Bob"].email in members(cast.store, cast.acme)


@pytest.mark.parametrize("purpose", [each for each in LinkPurpose if each is not LinkPurpose.INVITATION])
def test_takes_no_link_of_another_purpose(cast: Cast, purpose: LinkPurpose) -> None:
    word = invited(cast, EVE).rpartition("/")[2]
    swapped = f"{one_time_links.PATHS[purpose]}/{word}"
    form = {"name": "Eve", "email": EVE, "password": PASSWORD}
    assert cast.stranger().get(swapped).status_code == 410
    assert cast.stranger().post(swapped, data=form).status_code == 410
    with cast.store.writing() as db:
        path = one_time_links.make(db, LinkPurpose.NEW_PASSWORD, user_guid=cast["Bob"].user_guid)
    word = path.rpartition("/")[2]
    assert cast.signed_in("Bob").post(f"/join/{word}/acceptance").status_code == 410
    assert EVE not in users(cast.store)


def test_lets_one_of_two_in_who_come_at_once(cast: Cast) -> None:
    link = invited(cast, EVE)
    browsers = [cast.stranger(), cast.stranger()]
    with ThreadPoolExecutor(2) as both:
        statuses = sorted(both.map(lambda each: join(each, link).status_code, browsers))
    assert statuses in ([303, 409], [303, 410])
    assert len([each for each in browsers if is_in(each)]) == 1
    assert len(events(cast.store, "user.created")) == 1


def test_either_lets_somebody_in_or_withdraws_the_invitation(cast: Cast) -> None:
    """Whichever comes first, the other hears of it."""
    for number in range(5):
        email = f"eve{number}@example.com"
        link = invited(cast, email)
        alice, eve = cast.signed_in("Alice"), cast.stranger(f"198.51.100.{number}")
        path = f"/team/{members(cast.store, cast.acme)[email].guid}/withdrawal"
        with ThreadPoolExecutor(2) as both:
            joins = both.submit(join, eve, link)
            withdraws = both.submit(alice.post, path, data={"confirmed": "yes"})
        statuses = {joins.result().status_code, withdraws.result().status_code}
        assert 303 in statuses
        assert len(statuses) == 2, statuses
        assert (email in members(cast.store, cast.acme)) == (joins.result().status_code == 303)
