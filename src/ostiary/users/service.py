"""What can be done with people: whoever belongs to an organization, or was invited to."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.crypto import guids
from ostiary.errors import Invalid, beyond_the_giver, owners_only
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import one_time_links, ownership, queries, session
from ostiary.users.models import LinkPurpose, Membership, OneTimeLink, Role
from ostiary.users.roles import may_give
from ostiary.users.schemas import MembershipChanges, NewInvitation, NewUser, UserChanges
from ostiary.web.schemas import Sent


@dataclass(frozen=True)
class Invitation:
    """A membership that waits for its person, and the path of the link, the only time it is to be had."""

    membership: Membership
    path: str
    expires_at: dt.datetime

    def __repr__(self) -> str:
        return f"Invitation({self.membership.guid}, ***)"


def get(db: Session, actor: Actor, guid: str) -> Membership:
    actor.must(Scope.USERS_READ, Subject.ORGANIZATION, Subject.USER)
    return queries.get(db, actor, guid)


def page(db: Session, actor: Actor, size: int, after: str = "") -> Sequence[Membership]:
    """In the order in which they came; one more than asked for, if there are more."""
    actor.must(Scope.USERS_READ, Subject.ORGANIZATION, Subject.USER)
    return queries.team_page(db, actor, size, after)


def offered_roles(actor: Actor) -> list[Role]:
    """What the actor may invite somebody as."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    return [role for role in Role if may_give(actor, role)]


def invite(db: Session, actor: Actor, organization_guid: str, sent: Sent[NewInvitation] | Sent[NewUser]) -> Invitation:
    """The same answer whether or not the address has an account here, or belongs elsewhere."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    organization = queries.hold(db, actor, organization_guid)
    new = sent.read()
    role = new.chosen_role()
    _must_be_able_to_give(actor, role)
    if queries.find_member(db, actor, organization.guid, new.email) is not None:
        message = "This address is in the team already: look for it there"
        raise Invalid("data_exists", message, status=409, field="email")
    membership = Membership(
        guid=guids.new(),
        organization_guid=organization.guid,
        email=new.email,
        role=role,
        invited_by=actor.guid,
        user=None,
    )
    db.add(membership)
    db.flush()  # the link names the membership
    return _invitation(db, actor, membership)


def invite_again(db: Session, actor: Actor, guid: str) -> Invitation:
    """Another link, which ends the one before."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    membership = queries.get_to_change(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    _must_be_pending(membership)
    return _invitation(db, actor, membership)


def to_end(db: Session, actor: Actor, guid: str) -> Membership:
    """Somebody whom the actor may disable, enable, or un-invite."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    membership = queries.get(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    return membership


def withdraw(db: Session, actor: Actor, guid: str) -> None:
    """End an invitation that was not taken up: nothing of it stays, so the address can be invited anew."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    membership = queries.get_to_change(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    _must_be_pending(membership)
    db.execute(sa.delete(OneTimeLink).where(OneTimeLink.membership_guid == guid))
    # Whoever takes the invitation up at this moment needs the link, and one of the two gets it first.
    gone = db.execute(sa.delete(Membership).where(Membership.guid == guid, Membership.user_guid.is_(None)))
    if gone.rowcount != 1:  # type: ignore[attr-defined]  # a DELETE's answer has it
        raise _accepted_already()
    _record(db, actor, EventType.USER_DELETED, membership, email=membership.email, role=membership.role)


def update(db: Session, actor: Actor, guid: str, sent: Sent[MembershipChanges] | Sent[UserChanges]) -> Membership:
    """Another role, from the next request on."""
    actor.must(Scope.USERS_WRITE, Subject.USER)
    membership = queries.get_to_change(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    role = sent.read().chosen_role(membership.role)
    _must_be_able_to_give(actor, role)
    if role != membership.role:
        ownership.must_not_end(db, actor, membership, field="role")
        before, membership.role = membership.role, role
        _record(db, actor, EventType.USER_UPDATED, membership, role=[before, role])
    return membership


def disable(db: Session, actor: Actor, guid: str) -> Membership:
    """Shut somebody out of the organization, at once, wherever they have it before them."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    membership = queries.get_to_change(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    if not membership.is_accepted:
        raise Invalid("invited", "This invitation was not taken up yet: withdraw it instead", status=409)
    if membership.guid == actor.guid:
        raise Invalid("forbidden", "Nobody shuts themselves out: ask another owner or administrator", status=409)
    if membership.disabled_at is None:
        ownership.must_not_end(db, actor, membership)
        membership.disabled_at = clock.now()
        session.end_in(db, membership.user_guid or "", membership.organization_guid)
        _record(db, actor, EventType.USER_DISABLED, membership)
    return membership


def enable(db: Session, actor: Actor, guid: str) -> Membership:
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    membership = queries.get_to_change(db, actor, guid)
    _must_be_able_to_give(actor, membership.role)
    if membership.disabled_at is not None:
        membership.disabled_at = None
        _record(db, actor, EventType.USER_ENABLED, membership)
    return membership


def _invitation(db: Session, actor: Actor, membership: Membership) -> Invitation:
    path = one_time_links.make(db, LinkPurpose.INVITATION, membership_guid=membership.guid)
    _record(db, actor, EventType.USER_INVITED, membership, email=membership.email, role=membership.role)
    return Invitation(membership, path, clock.now() + one_time_links.LIVES[LinkPurpose.INVITATION])


def _must_be_able_to_give(actor: Actor, role: str) -> None:
    if may_give(actor, role):
        return
    if role == Role.OWNER:
        raise owners_only("Only an owner can make somebody an owner, or change what an owner may do")
    raise beyond_the_giver("Nobody can give or take what they may not do themselves")


def _must_be_pending(membership: Membership) -> None:
    if membership.is_accepted:
        raise _accepted_already()


def _accepted_already() -> Invalid:
    return Invalid("data_exists", "The invitation was taken up in the meantime", status=409)


def _record(db: Session, actor: Actor, event_type: EventType, membership: Membership, **facts: object) -> None:
    record(
        db, actor, event_type, membership.guid, organization_guid=membership.organization_guid, bank_guid=None, **facts
    )
