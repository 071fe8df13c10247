"""The team: who may change what about whom, and that somebody always owns the organization."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.access.scopes import Scope
from ostiary.errors import Forbidden, Invalid, NotFound
from ostiary.users import accounts, service
from ostiary.users.models import Membership, Role
from ostiary.users.schemas import MembershipChanges, NewInvitation
from ostiary.web.schemas import read_as
from tests.people import OPERATOR, Cast, Person, actor_of, add_membership, add_person, open_session
from tests.users.ways_in import errors_in, events, invited, members, problem_in

Act = Callable[[Session, Actor, str], Membership]


def demote(db: Session, actor: Actor, guid: str) -> Membership:
    return service.update(db, actor, guid, read_as(MembershipChanges, role="viewer"))


def member(cast: Cast, name: str) -> Membership:
    return members(cast.store, cast[name].organization_guid)[cast[name].email]


def path(cast: Cast, name: str, what: str = "") -> str:
    return f"/team/{cast[name].membership_guid}{what}"


def test_lists_everybody_with_role_and_standing(cast: Cast) -> None:
    invited(cast, "eve@example.com", "administrator")
    cast.signed_in("Alice").post(path(cast, "Dana", "/disablement"), data={"confirmed": "yes"})
    page = cast.signed_in("Bob").get("/team")
    for word in ("Alice", "Dana", "Bob", "eve@example.com", "Owner", "Developer", "Invited", "Disabled", "You"):
        assert word in page.text
    assert "Mallory" not in page.text
    assert "Nobody else is here yet" not in page.text


def test_says_what_to_do_when_nobody_else_is_there(cast: Cast) -> None:
    page = cast.signed_in("Mallory").get("/team")
    assert "Nobody else is here yet" in page.text
    assert "Invite somebody" in page.text


def test_turns_the_pages_of_a_large_team(cast: Cast) -> None:
    for number in range(100):
        add_person(cast.store, f"Person{number:03}", cast.acme, "viewer")
    browser = cast.signed_in("Alice")
    first = browser.get("/team").text
    assert ("Person096" in first, "Person097" in first) == (True, False)
    last = members(cast.store, cast.acme)["person096@example.com"].guid
    assert f"/team?after={last}" in first
    second = browser.get(f"/team?after={last}").text
    assert ("Person096" in second, "Person097" in second, "Person099" in second) == (False, True, True)
    assert 'href="/team"' in second
    assert browser.get(f"/team?after={cast['Mallory'].membership_guid}").status_code == 404


def test_changes_a_role_and_records_both(cast: Cast) -> None:
    answer = cast.signed_in("Alice").post(path(cast, "Bob"), data={"role": "developer"})
    assert answer.headers["location"] == path(cast, "Bob", "?done=role-changed")
    assert member(cast, "Bob").role == "developer"
    (event,) = events(cast.store, "user.updated")
    assert event.facts == {"role": ["viewer", "developer"]}
    assert event.actor_guid == cast["Alice"].membership_guid
    cast.signed_in("Alice").post(path(cast, "Bob"), data={"role": "developer"})
    assert len(events(cast.store, "user.updated")) == 1, "what was so before is no change"


def test_disables_and_enables_somebody(cast: Cast) -> None:
    cast.signed_in("Bob")
    alice = cast.signed_in("Alice")
    asked = alice.get(path(cast, "Bob", "/disablement"))
    assert "in 1 browser, last" in asked.text
    assert "Keys that Bob generated go on working" in asked.text
    assert errors_in(alice.post(path(cast, "Bob", "/disablement"))) == [
        "Tick the box, so that nothing happens by accident."
    ]
    assert member(cast, "Bob").disabled_at is None
    done = alice.post(path(cast, "Bob", "/disablement"), data={"confirmed": "yes"})
    assert done.headers["location"] == path(cast, "Bob", "?done=person-disabled")
    assert member(cast, "Bob").disabled_at is not None
    assert "There is nothing to disable" in alice.get(path(cast, "Bob", "/disablement")).text
    assert alice.post(path(cast, "Bob", "/enablement")).status_code == 303
    assert member(cast, "Bob").disabled_at is None
    assert [len(events(cast.store, f"user.{what}")) for what in ("disabled", "enabled")] == [1, 1]


@pytest.mark.parametrize("name", ["Dana", "Bob"])
@pytest.mark.parametrize("what", ["", "/disablement", "/enablement", "/withdrawal", "/link"])
def test_lets_only_owners_and_administrators_change_anything(cast: Cast, name: str, what: str) -> None:
    browser = cast.signed_in(name)
    form = {"role": "owner", "confirmed": "yes"}
    for target in (name, "Alice"):
        assert browser.post(path(cast, target, what), data=form).status_code == 403
    assert member(cast, name).role != "owner"
    assert (member(cast, "Alice").role, member(cast, "Alice").disabled_at) == ("owner", None)


def test_offers_no_button_that_would_be_refused(cast: Cast) -> None:
    adam = cast.join("Adam", "administrator")
    browser = cast.signed_in(adam.name)
    owner = browser.get(path(cast, "Alice")).text
    assert "Change the role" not in owner
    assert "Disable Alice" not in owner
    viewer = browser.get(path(cast, "Bob")).text
    assert "Change the role" in viewer
    assert 'value="owner"' not in viewer
    assert "Disable Bob" in viewer
    assert "Disable Adam" not in browser.get(path(cast, "Adam")).text
    assert "Change the role" not in cast.signed_in("Bob").get(path(cast, "Alice")).text


@pytest.mark.parametrize("act", [demote, service.disable, service.enable, service.to_end])
def test_lets_an_administrator_touch_no_owner(cast: Cast, act: Act) -> None:
    cast.join("Second", "owner")
    adam = actor_of(cast.join("Adam", "administrator"), "administrator")
    with cast.store.writing() as db, pytest.raises(Forbidden, match="Only an owner"):
        act(db, adam, cast["Alice"].membership_guid)


def test_lets_an_administrator_make_no_owner_of_anybody(cast: Cast) -> None:
    adam = cast.join("Adam", "administrator")
    for name in ("Adam", "Bob"):
        assert cast.signed_in(adam.name).post(path(cast, name), data={"role": "owner"}).status_code == 403
        assert member(cast, name).role != "owner"
    assert cast.signed_in(adam.name).post(path(cast, "Bob"), data={"role": "administrator"}).status_code == 303


@pytest.mark.parametrize("role", list(Role))
def test_gives_nobody_more_than_the_giver_holds(cast: Cast, role: Role) -> None:
    """Were inviting ever given to a lower role: the rule stands on scopes, not on names."""
    developer = actor_of(cast["Dana"], "developer")
    with_users = Actor(
        subject=developer.subject,
        guid=developer.guid,
        organization_guid=developer.organization_guid,
        scopes=developer.scopes | {Scope.USERS_EXECUTE},
        scopes_in_production=developer.scopes_in_production,
    )
    new = read_as(NewInvitation, email="eve@example.com", role=role)
    with cast.store.writing() as db:
        if role in {Role.DEVELOPER, Role.VIEWER}:
            assert service.invite(db, with_users, cast.acme, new).membership.role == role
        else:
            with pytest.raises(Forbidden):
                service.invite(db, with_users, cast.acme, new)


def test_keeps_the_last_owner(cast: Cast) -> None:
    alice = cast.signed_in("Alice")
    answer = alice.post(path(cast, "Alice"), data={"role": "viewer"})
    assert answer.status_code == 409
    assert errors_in(answer) == ["Alice is the only owner of Acme: make somebody else an owner first"]
    with cast.store.writing() as db, pytest.raises(Invalid, match="only owner"):
        service.disable(db, OPERATOR, cast["Alice"].membership_guid)
    with cast.store.writing() as db, pytest.raises(Invalid, match="only owner of Acme"):
        accounts.disable(db, OPERATOR, cast["Alice"].email)
    cast.join("Second", "owner")
    assert alice.post(path(cast, "Alice"), data={"role": "viewer"}).status_code == 303
    assert alice.get("/team/invitations").status_code == 403


def test_counts_only_owners_who_could_sign_in(cast: Cast) -> None:
    """Neither invited, nor disabled here, nor everywhere, nor of another organization."""
    invited(cast, "eve@example.com", "owner")
    cast.join("Second", "owner")
    cast.join("Third", "owner")
    with cast.store.writing() as db:
        service.disable(db, OPERATOR, cast["Second"].membership_guid)
        accounts.disable(db, OPERATOR, cast["Third"].email)
    with cast.store.writing() as db, pytest.raises(Invalid, match="only owner"):
        demote(db, OPERATOR, cast["Alice"].membership_guid)
    with cast.store.writing() as db:
        # Who does not count may go.
        demote(db, OPERATOR, cast["Third"].membership_guid)


def test_lets_nobody_shut_themselves_out(cast: Cast) -> None:
    cast.join("Second", "owner")
    answer = cast.signed_in("Alice").post(path(cast, "Alice", "/disablement"), data={"confirmed": "yes"})
    assert answer.status_code == 409
    assert "Nobody shuts themselves out" in problem_in(answer)


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/disablement"),
        ("POST", "/disablement"),
        ("POST", "/enablement"),
        ("GET", "/withdrawal"),
        ("POST", "/withdrawal"),
        ("POST", "/link"),
    ],
)
def test_knows_nobody_of_another_organization(cast: Cast, method: str, what: str) -> None:
    mallory = cast.signed_in("Mallory")
    form = {"role": "viewer", "confirmed": "yes"}
    strangers = [path(cast, "Bob", what), f"/team/{'0' * 32}{what}"]
    answers = [mallory.request(method, each, data=form if method == "POST" else None) for each in strangers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(cast["Bob"].membership_guid, "") == answers[1].text.replace("0" * 32, "")
    assert (member(cast, "Bob").role, member(cast, "Bob").disabled_at) == ("viewer", None)


def test_changes_nobody_of_another_organization_in_a_service_either(cast: Cast) -> None:
    mallory = actor_of(cast["Mallory"], "owner")
    with cast.store.writing() as db:
        for act in (demote, service.disable, service.enable, service.to_end, service.get, service.withdraw):
            with pytest.raises(NotFound):
                act(db, mallory, cast["Bob"].membership_guid)


def test_tells_who_works_where_only_about_this_organization(cast: Cast) -> None:
    """Where else Dana is signed in is nobody's business here."""
    elsewhere = Person("Dana", cast["Dana"].email, cast["Dana"].user_guid)
    open_session(cast.store, add_membership(cast.store, elsewhere, cast.globex, "viewer"), address="198.51.100.99")
    page = cast.signed_in("Alice").get(path(cast, "Dana", "/disablement"))
    assert "198.51.100.99" not in page.text
    assert "Dana is not signed in at this moment" in page.text
    assert "Globex" not in cast.signed_in("Alice").get(path(cast, "Dana")).text
