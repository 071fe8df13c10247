"""What the operator does with accounts: whoever can sign in to this server, wherever they belong."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.crypto import guids
from ostiary.errors import Invalid, NotFound
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import entry, one_time_links, ownership, queries, session, set_up
from ostiary.users.models import LinkPurpose, Membership, OneTimeLink, Role, User
from ostiary.users.one_time_links import FIRST_PASSWORD_LIFE, LIVES
from ostiary.users.schemas import NewAccount, folded
from ostiary.web.schemas import Sent


@dataclass(frozen=True)
class LetIn:
    """A person, and the path of a link that lets them choose a password, the only time it is to be had."""

    user: User
    # Who has a password already needs none.
    path: str = ""
    expires_at: dt.datetime | None = None

    def __repr__(self) -> str:
        return f"LetIn({self.user.guid}, ***)"


def create(db: Session, actor: Actor, sent: Sent[NewAccount], organization_guid: str = "", role: str = "") -> LetIn:
    """A person, in an organization if one is named; somebody who has an account already is let in there too."""
    actor.must(Scope.USERS_EXECUTE, Subject.OPERATOR)
    new = sent.read()
    user = queries.by_email(db, new.email)
    if user is not None and not organization_guid:
        raise Invalid("data_exists", f"{new.email} has an account already", status=409)
    is_new = user is None
    user = user or entry.add(db, new.email, new.name, None)
    if organization_guid:
        _put_into(db, actor, user, organization_guid, Role(role))
    # Somebody is here now, so nobody comes as the first any more.
    set_up.end(db)
    return _link(db, user, FIRST_PASSWORD_LIFE) if is_new else LetIn(user)


def new_password_link(db: Session, actor: Actor, email: str) -> LetIn:
    """The old password works until the link is used; whoever must be kept out is disabled."""
    actor.must(Scope.USERS_EXECUTE, Subject.OPERATOR)
    user = _get(db, email)
    if user.disabled_at is not None:
        raise Invalid("disabled", f"{user.email} is disabled: enable the account first", status=409)
    _tell(db, actor, user, EventType.USER_UPDATED, password_link_made=True)
    return _link(db, user, LIVES[LinkPurpose.NEW_PASSWORD])


def disable(db: Session, actor: Actor, email: str) -> User:
    """Sign somebody out everywhere at once and let them in nowhere; refused for the only owner of an organization."""
    actor.must(Scope.USERS_EXECUTE, Subject.OPERATOR)
    user = _get(db, email)
    if user.disabled_at is not None:
        return user
    for membership in queries.memberships_of(db, actor, user.guid):
        ownership.must_not_end(db, actor, queries.get_to_change(db, actor, membership.guid))
    user.disabled_at = clock.now()
    session.end_all(db, user.guid)
    db.execute(sa.delete(OneTimeLink).where(OneTimeLink.user_guid == user.guid))
    _tell(db, actor, user, EventType.USER_DISABLED, everywhere=True)
    return user


def enable(db: Session, actor: Actor, email: str) -> User:
    actor.must(Scope.USERS_EXECUTE, Subject.OPERATOR)
    user = _get(db, email)
    if user.disabled_at is not None:
        user.disabled_at = None
        _tell(db, actor, user, EventType.USER_ENABLED, everywhere=True)
    return user


def _get(db: Session, email: str) -> User:
    user = queries.by_email(db, folded(email))
    if user is None:
        raise NotFound("user")
    return user


def _put_into(db: Session, actor: Actor, user: User, organization_guid: str, role: Role) -> None:
    queries.hold(db, actor, organization_guid)
    membership = queries.find_member(db, actor, organization_guid, user.email)
    if membership is None:
        membership = Membership(guid=guids.new(), organization_guid=organization_guid, email=user.email, role=role)
        db.add(membership)
    elif membership.is_accepted:
        raise Invalid("data_exists", f"{user.email} belongs to this organization already", status=409)
    else:
        # Whoever was invited is in now, and needs no link for it.
        db.execute(sa.delete(OneTimeLink).where(OneTimeLink.membership_guid == membership.guid))
    membership.role, membership.user_guid = role, user.guid
    _record(db, actor, EventType.USER_CREATED, membership, email=user.email, role=role)


def _link(db: Session, user: User, life: dt.timedelta) -> LetIn:
    path = one_time_links.make(db, LinkPurpose.NEW_PASSWORD, user_guid=user.guid, life=life)
    return LetIn(user, path, clock.now() + life)


def _tell(db: Session, actor: Actor, user: User, event_type: EventType, **facts: object) -> None:
    """In the trail of every organization the person belongs to."""
    for membership in queries.memberships_of(db, actor, user.guid):
        _record(db, actor, event_type, membership, **facts)


def _record(db: Session, actor: Actor, event_type: EventType, membership: Membership, **facts: object) -> None:
    organization_guid = membership.organization_guid
    record(db, actor, event_type, membership.guid, organization_guid=organization_guid, bank_guid=None, **facts)
