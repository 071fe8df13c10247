"""Inviting: who may, as what, and what the form says when it will not do."""

import pytest

from ostiary.errors import Forbidden, NotFound
from ostiary.users import service
from ostiary.users.schemas import NewInvitation
from ostiary.web.schemas import read_as
from tests.people import OPERATOR, Cast, actor_of
from tests.users.ways_in import errors_in, invite, invited, join, links, members, problem_in

EVE = "eve@example.com"


def test_invites_nobody_into_another_organization(cast: Cast) -> None:
    new = read_as(NewInvitation, email=EVE, role="viewer")
    with cast.store.writing() as db, pytest.raises(NotFound, match="organization"):
        service.invite(db, actor_of(cast["Alice"], "owner"), cast.globex, new)


def test_asks_again_when_another_tab_changed_the_organization(cast: Cast) -> None:
    answer = invite(cast.signed_in("Alice"), cast, EVE, organization_guid=cast.globex)
    assert answer.status_code == 409
    assert "You are looking at Acme now" in problem_in(answer)
    assert f'name="organization_guid" value="{cast.acme}"' in answer.text
    assert f'value="{EVE}"' in answer.text
    assert links(cast.store) == []


@pytest.mark.parametrize("name", ["Dana", "Bob"])
def test_lets_only_owners_and_administrators_invite(cast: Cast, name: str) -> None:
    browser = cast.signed_in(name)
    assert browser.get("/team/invitations").status_code == 403
    assert invite(browser, cast, EVE).status_code == 403
    assert "Invite somebody" not in browser.get("/team").text
    assert EVE not in members(cast.store, cast.acme)


def test_lets_an_administrator_make_no_owner(cast: Cast) -> None:
    cast.join("Adam", "administrator")
    adam = cast.signed_in("Adam")
    page = adam.get("/team/invitations").text
    assert 'value="administrator"' in page
    assert 'value="owner"' not in page
    assert invite(adam, cast, EVE, "owner").status_code == 403
    assert invite(adam, cast, EVE, "administrator").status_code == 200


def test_lets_an_administrator_touch_no_invited_owner(cast: Cast) -> None:
    invited(cast, EVE, "owner")
    guid = members(cast.store, cast.acme)[EVE].guid
    adam = cast.join("Adam", "administrator")
    with cast.store.writing() as db:
        for act in (service.invite_again, service.withdraw):
            with pytest.raises(Forbidden, match="Only an owner"):
                act(db, actor_of(adam, "administrator"), guid)
    assert cast.signed_in("Adam").get(f"/team/{guid}/withdrawal").status_code == 403


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("", "viewer", "Must look like name@example.com."),
        ("nobody", "viewer", "Must look like name@example.com."),
        (f"{'e' * 254}@example.com", "viewer", "At most 254 characters."),
        (EVE, "emperor", "Choose one of the offered values."),
        (EVE, "", "Choose one of the offered values."),
    ],
)
def test_says_at_the_field_what_is_wrong(cast: Cast, email: str, role: str, said: str) -> None:
    answer = invite(cast.signed_in("Alice"), cast, email, role)
    assert answer.status_code == 400
    assert errors_in(answer) == [said]
    assert f'value="{email}"' in answer.text


def test_lets_the_operator_invite_too(cast: Cast) -> None:
    with cast.store.writing() as db:
        made = service.invite(db, OPERATOR, cast.globex, read_as(NewInvitation, email=EVE, role="owner"))
    assert repr(made) == f"Invitation({made.membership.guid}, ***)"
    assert join(cast.stranger(), made.path).status_code == 303
