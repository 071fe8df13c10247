"""Two who act at the same moment: one waits for the other, and then sees what has become of things."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.db.store import Store
from ostiary.settings import Settings
from ostiary.users import accounts, entry, service, set_up
from ostiary.users.entry import Entrance
from ostiary.users.models import Membership
from ostiary.users.schemas import MembershipChanges, NewInvitation
from ostiary.users.throttle import SignInThrottle
from ostiary.web.forms import Form
from ostiary.web.schemas import read_as
from tests.at_once import refused_after, written
from tests.people import ADDRESS, OPERATOR, Cast, actor_of
from tests.ticking import counting
from tests.users.ways_in import PASSWORD, events, invited, members, users

Act = Callable[[Session, Actor, str], Membership]
EVE = "eve@example.com"


@pytest.fixture
def entrance(cast: Cast, settings: Settings) -> Entrance:
    return Entrance(cast.store, settings.model_copy(update={"signup": "open"}), SignInThrottle(counting()))


def demote(db: Session, actor: Actor, guid: str) -> Membership:
    return service.update(db, actor, guid, read_as(MembershipChanges, role="viewer"))


@pytest.mark.parametrize("first", [demote, service.disable])
@pytest.mark.parametrize("second", [demote, service.disable])
def test_keeps_one_of_two_owners_who_end_each_other(cast: Cast, first: Act, second: Act) -> None:
    alice, other = cast["Alice"], cast.join("Second", "owner")
    said = refused_after(
        cast.store,
        lambda db: first(db, actor_of(alice, "owner"), other.membership_guid),
        written(cast.store, lambda db: second(db, actor_of(other, "owner"), alice.membership_guid)),
    )
    found = members(cast.store, cast.acme)[alice.email]
    assert (said, found.role, found.disabled_at) == ("last_owner", "owner", None)


def test_keeps_one_of_two_owners_whom_the_operator_disables(cast: Cast) -> None:
    other = cast.join("Second", "owner")
    said = refused_after(
        cast.store,
        lambda db: accounts.disable(db, OPERATOR, other.email),
        written(cast.store, lambda db: accounts.disable(db, OPERATOR, cast["Alice"].email)),
    )
    assert said == "last_owner"


def test_keeps_somebody_who_just_became_the_only_owner(cast: Cast) -> None:
    def hand_over(db: Session) -> None:
        service.update(db, OPERATOR, cast["Bob"].membership_guid, read_as(MembershipChanges, role="owner"))
        demote(db, OPERATOR, cast["Alice"].membership_guid)

    disable = written(cast.store, lambda db: accounts.disable(db, OPERATOR, cast["Bob"].email))
    assert refused_after(cast.store, hand_over, disable) == "last_owner"


def test_lets_an_administrator_touch_nobody_who_just_became_an_owner(cast: Cast) -> None:
    adam, bob = cast.join("Adam", "administrator"), cast["Bob"].membership_guid
    said = refused_after(
        cast.store,
        lambda db: service.update(db, OPERATOR, bob, read_as(MembershipChanges, role="owner")),
        written(cast.store, lambda db: service.disable(db, actor_of(adam, "administrator"), bob)),
    )
    assert said == "forbidden"


def test_disables_somebody_once(cast: Cast) -> None:
    def disable(db: Session) -> object:
        return service.disable(db, OPERATOR, cast["Bob"].membership_guid)

    assert refused_after(cast.store, disable, written(cast.store, disable)) == ""
    assert len(events(cast.store, "user.disabled")) == 1


def test_invites_an_address_once(cast: Cast) -> None:
    def invite(db: Session) -> object:
        return service.invite(db, OPERATOR, cast.acme, read_as(NewInvitation, email=EVE, role="viewer"))

    assert refused_after(cast.store, invite, written(cast.store, invite)) == "data_exists"
    assert len(events(cast.store, "user.invited")) == 1


def test_withdraws_nothing_from_somebody_who_comes_in_at_that_moment(cast: Cast) -> None:
    word = invited(cast, cast["Mallory"].email).rpartition("/")[2]
    mallory = users(cast.store)[cast["Mallory"].email]
    guid = members(cast.store, cast.acme)[mallory.email].guid
    said = refused_after(
        cast.store,
        lambda db: entry.accept(db, word, mallory, ADDRESS),
        written(cast.store, lambda db: service.withdraw(db, OPERATOR, guid)),
    )
    assert said == "data_exists"
    assert members(cast.store, cast.acme)[mallory.email].is_accepted


def test_lets_nobody_in_whose_invitation_is_withdrawn_at_that_moment(cast: Cast, entrance: Entrance) -> None:
    word = invited(cast, EVE).rpartition("/")[2]
    guid = members(cast.store, cast.acme)[EVE].guid
    said = refused_after(
        cast.store,
        lambda db: service.withdraw(db, OPERATOR, guid),
        lambda: entrance.join_as_new(word, Form.of(name="Eve", password=PASSWORD), ADDRESS),
    )
    assert said == "link_over"
    assert EVE not in users(cast.store)


def test_makes_one_account_for_an_address(cast: Cast, entrance: Entrance) -> None:
    said = refused_after(
        cast.store,
        lambda db: entry.add(db, EVE, "Eve", None),
        lambda: entrance.sign_up(Form.of(email=EVE, name="Mallory", password=PASSWORD), ADDRESS),
    )
    assert (said, users(cast.store)[EVE].name) == ("data_exists", "Eve")


def test_lets_one_person_be_the_first(store: Store, settings: Settings) -> None:
    word = (set_up.offer(store, settings) or "").rpartition("/")[2]
    entrance = Entrance(store, settings, SignInThrottle(counting()))

    def come_first(db: Session) -> None:
        store.serialize(db)
        entry.add(db, "alice@example.com", "Alice", None)

    said = refused_after(
        store,
        come_first,
        lambda: entrance.set_up(word, Form.of(email=EVE, name="Mallory", password=PASSWORD), ADDRESS),
    )
    assert (said, list(users(store))) == ("link_over", ["alice@example.com"])
