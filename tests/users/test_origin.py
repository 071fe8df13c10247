"""Forms count only when one of our own pages sent them, and nothing that was typed is lost."""

from html import unescape

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary.users import session
from tests.people import Cast
from tests.users.ways_in import PASSWORD, invite, is_in, links, members, set_user, sign_in

pytestmark = pytest.mark.any_database

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8400"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8401"},
    {"Origin": "http://127.0.0.1.evil.example:8400"},
    {},
]


def sent_by(browser: TestClient, headers: dict[str, str]) -> TestClient:
    del browser.headers["Sec-Fetch-Site"]
    browser.headers.update(headers)
    return browser


@pytest.mark.parametrize("headers", FOREIGN)
def test_does_nothing_for_a_form_of_another_site(cast: Cast, headers: dict[str, str]) -> None:
    alice = sent_by(cast.signed_in("Alice"), headers)
    bob = f"/team/{cast['Bob'].membership_guid}"
    answers = [
        invite(alice, cast, "eve@example.com", "owner"),
        alice.post(bob, data={"role": "owner"}),
        alice.post(f"{bob}/disablement", data={"confirmed": "yes"}),
        alice.post("/sign-out"),
        alice.post("/settings/account/sessions/end"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert "sent from another site" in answers[0].text
    found = members(cast.store, cast.acme)
    assert (len(found), found[cast["Bob"].email].role, found[cast["Bob"].email].disabled_at) == (3, "viewer", None)
    assert is_in(alice)


@pytest.mark.parametrize("headers", FOREIGN)
def test_signs_nobody_in_from_another_site(cast: Cast, headers: dict[str, str]) -> None:
    cast.join("Carol", "viewer", password=PASSWORD)
    answer = sign_in(sent_by(cast.stranger(), headers), "carol@example.com")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_takes_a_form_of_its_own_from_a_browser_that_names_only_the_origin(cast: Cast) -> None:
    alice = sent_by(cast.signed_in("Alice"), {"Origin": cast.settings.issuer})
    assert invite(alice, cast, "eve@example.com").status_code == 200


@pytest.mark.parametrize("path", ["/sign-out", "/settings/account/sessions/end", "/organizations/selection"])
def test_changes_nothing_for_a_link(cast: Cast, path: str) -> None:
    alice = cast.signed_in("Alice")
    assert alice.get(path).status_code == 405
    assert is_in(alice)


def test_loses_nothing_when_the_session_had_ended(cast: Cast) -> None:
    alice = cast.signed_in("Alice")
    with cast.store.writing() as db:
        session.end_all(db, cast["Alice"].user_guid)
    form = {"email": "<Eve>@example.com", "role": "viewer", "password_current": PASSWORD}
    answer = alice.post("/team/invitations?bank=x", data=form)
    assert answer.status_code == 401
    assert "You were signed out in the meantime" in answer.text
    assert fields(answer) == {"email": "<Eve>@example.com", "role": "viewer"}
    assert "<Eve>" not in answer.text
    assert PASSWORD not in answer.text
    assert '<form method="post" action="/team/invitations?bank=x"' in answer.text
    assert 'target="_blank"' in answer.text
    assert links(cast.store) == []


def fields(answer: Response) -> dict[str, str]:
    hidden = [part.split('"') for part in answer.text.split('<input type="hidden" ')[1:]]
    return {unescape(each[1]): unescape(each[3]) for each in hidden if each[1] != "next"}


def test_shows_what_people_call_themselves_as_text(cast: Cast) -> None:
    name = "<img src=x onerror=alert(1)>\"'&"
    cast.join("Xavier", "viewer")
    set_user(cast.store, cast["Xavier"].user_guid, name=name)
    guid = cast["Xavier"].membership_guid
    for path in ("/team", f"/team/{guid}", f"/team/{guid}/disablement"):
        page = cast.signed_in("Alice").get(path)
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
