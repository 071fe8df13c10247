"""Every SELECT on people, their memberships, sessions, logins and links."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from ostiary.access.actor import Actor, Subject
from ostiary.access.visitor import Visitor
from ostiary.banks.models import Bank
from ostiary.db.pages import Page, read_page
from ostiary.errors import NotFound
from ostiary.organizations import queries as organizations
from ostiary.organizations.models import Organization
from ostiary.users.models import LinkPurpose, Login, Membership, OneTimeLink, Role, User, UserSession


class OwnLogin(NamedTuple):
    """A login with where it belongs; without a bank its name is None."""

    login: Login
    membership: Membership
    organization_name: str
    bank_name: str | None


def visible_to(actor: Actor) -> Select[Membership]:
    everything = select(Membership).options(joinedload(Membership.user))
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER | Subject.BANK:
            return everything.where(Membership.organization_guid == actor.organization_guid)
        case Subject.CUSTOMER:
            return everything.where(false())


def get(db: Session, actor: Actor, guid: str) -> Membership:
    found = db.scalar(visible_to(actor).where(Membership.guid == guid))
    if found is None:
        raise NotFound("user")
    return found


def get_to_change(db: Session, actor: Actor, guid: str) -> Membership:
    """Nobody else changes who may do what in the organization before this unit of work ends."""
    hold(db, actor, get(db, actor, guid).organization_guid)
    # What was read before the lock may be stale.
    found = db.scalar(visible_to(actor).where(Membership.guid == guid).execution_options(populate_existing=True))
    if found is None:
        raise NotFound("user")
    return found


def find_to_change(db: Session, actor: Actor, guid: str) -> Membership | None:
    hold(db, actor, actor.organization_guid)
    return db.scalar(visible_to(actor).where(Membership.guid == guid).execution_options(populate_existing=True))


def hold(db: Session, actor: Actor, organization_guid: str) -> Organization:
    """One after the other: otherwise of two owners who disable each other at once, both would succeed."""
    # SQLite ignores the lock and does not need it: its one writer is us.
    mine = organizations.visible_to(actor).where(Organization.guid == organization_guid)
    found = db.scalar(mine.with_for_update(key_share=True))
    if found is None:
        raise NotFound("organization")
    return found


def find_member(db: Session, actor: Actor, organization_guid: str, email: str) -> Membership | None:
    there = visible_to(actor).where(Membership.organization_guid == organization_guid)
    return db.scalar(there.where(Membership.email == email))


def team(db: Session, actor: Actor) -> Sequence[Membership]:
    """Everybody, in the order in which they came."""
    return db.scalars(visible_to(actor).order_by(Membership.created_at, Membership.guid)).all()


def team_page(db: Session, actor: Actor, size: int, after: str) -> Sequence[Membership]:
    """A stretch of the team, beginning after a member; one more than asked for, if there are more."""
    rows = visible_to(actor).order_by(Membership.created_at, Membership.guid)
    if after:
        last = get(db, actor, after)
        is_later = and_(Membership.created_at == last.created_at, Membership.guid > last.guid)
        rows = rows.where(or_(Membership.created_at > last.created_at, is_later))
    return db.scalars(rows.limit(size + 1)).all()


def page(db: Session, actor: Actor, guids: tuple[str, ...] | None, page: int, per_page: int) -> Page[Membership]:
    """The newest first."""
    rows = visible_to(actor)
    if guids is not None:
        rows = rows.where(Membership.guid.in_(guids))
    return read_page(db, rows, (Membership.created_at.desc(), Membership.guid.desc()), page, per_page)


def live_owners(db: Session, actor: Actor, organization_guid: str) -> int:
    """How many owners could sign in at this moment."""
    rows = visible_to(actor).join(User, User.guid == Membership.user_guid)
    owners = rows.where(
        Membership.organization_guid == organization_guid,
        Membership.role == Role.OWNER,
        Membership.disabled_at.is_(None),
        User.disabled_at.is_(None),
    )
    return db.scalar(select(func.count()).select_from(owners.with_only_columns(Membership.guid).subquery())) or 0


def find_inviter(db: Session, actor: Actor, member: Membership) -> Membership | None:
    return db.scalar(visible_to(actor).where(Membership.guid == member.invited_by))


def invitation(db: Session, actor: Actor, guid: str) -> OneTimeLink | None:
    """The link of somebody who was invited, which may have expired."""
    mine = visible_to(actor).where(Membership.guid == guid).with_only_columns(Membership.guid)
    return db.scalar(select(OneTimeLink).where(OneTimeLink.membership_guid.in_(mine)))


def sessions_here(db: Session, actor: Actor, guid: str, now: dt.datetime) -> Sequence[UserSession]:
    """Where a member has this organization before them; what else they do is nobody's business here."""
    theirs = and_(
        UserSession.user_guid == Membership.user_guid, UserSession.organization_guid == Membership.organization_guid
    )
    mine = visible_to(actor).where(Membership.guid == guid).join(UserSession, theirs)
    rows = select(UserSession).where(UserSession.guid.in_(mine.with_only_columns(UserSession.guid)))
    return db.scalars(rows.where(UserSession.expires_at > now).order_by(UserSession.last_seen_at.desc())).all()


def logins_here(db: Session, actor: Actor, guid: str, now: dt.datetime) -> Sequence[Login]:
    """Programs in which a member is signed in to this organization."""
    mine = visible_to(actor).where(Membership.guid == guid).with_only_columns(Membership.guid)
    rows = select(Login).where(Login.membership_guid.in_(mine), Login.expires_at > now)
    return db.scalars(rows.order_by(Login.last_used_at.desc(), Login.guid)).all()


def by_person(user_guid: str) -> Select[str]:
    """For statements about what hangs on them."""
    return select(Membership.guid).where(Membership.user_guid == user_guid)


def memberships_of(db: Session, actor: Actor, user_guid: str) -> Sequence[Membership]:
    rows = visible_to(actor).where(Membership.user_guid == user_guid)
    return db.scalars(rows.order_by(Membership.created_at, Membership.guid)).all()


def by_email(db: Session, email: str) -> User | None:
    return db.scalar(select(User).where(User.email == email))


def by_guid(db: Session, guid: str) -> User | None:
    return db.scalar(select(User).where(User.guid == guid))


def by_guid_to_hold(db: Session, guid: str, *, is_to_change: bool = False) -> User | None:
    """A person as they are now; nobody changes them before this unit of work ends."""
    mine = select(User).where(User.guid == guid).execution_options(populate_existing=True)
    # SQLite ignores the lock and does not need it: its one writer is us.
    return db.scalar(mine.with_for_update(read=not is_to_change, key_share=is_to_change))


def by_session_address(db: Session, user_guid: str, address: str) -> bool:
    """Whether the person is signed in from there."""
    mine = exists().where(UserSession.user_guid == user_guid, UserSession.address == address)
    return bool(db.scalar(select(mine)))


def by_session(db: Session, id_digest: bytes) -> tuple[UserSession, User] | None:
    found = select(UserSession, User).join(User, User.guid == UserSession.user_guid)
    row = db.execute(found.where(UserSession.id_digest == id_digest)).first()
    return (row[0], row[1]) if row else None


def by_visitor_to_hold(db: Session, visitor: Visitor) -> UserSession | None:
    """The visitor's session; nobody ends it, or shuts its person out, before this unit of work ends."""
    # In the order of those who do: they change the person or the membership first, then take what hangs on them.
    by_guid_to_hold(db, visitor.user_guid)
    db.scalar(select(Membership).where(Membership.guid == visitor.actor.guid).with_for_update(read=True))
    return db.scalar(select(UserSession).where(UserSession.guid == visitor.session_guid).with_for_update(read=True))


def by_user(db: Session, user_guid: str) -> Sequence[tuple[Membership, Organization]]:
    """Where a person may go: memberships that count, with their organizations."""
    rows = select(Membership, Organization).join(Organization, Organization.guid == Membership.organization_guid)
    mine = rows.where(
        Membership.user_guid == user_guid, Membership.disabled_at.is_(None), Organization.closed_at.is_(None)
    )
    found = db.execute(mine.order_by(Membership.created_at, Membership.guid)).all()
    return [(row[0], row[1]) for row in found]


def by_past(db: Session, user_guid: str) -> bool:
    """Whether a person ever belonged to an organization."""
    return bool(db.scalar(select(exists().where(Membership.user_guid == user_guid))))


def by_own_account(db: Session, user_guid: str, now: dt.datetime, idle_since: dt.datetime) -> Sequence[UserSession]:
    """Where a person is signed in: their own sessions, shown to themselves."""
    rows = select(UserSession).where(
        UserSession.user_guid == user_guid, UserSession.expires_at > now, UserSession.last_seen_at > idle_since
    )
    return db.scalars(rows.order_by(UserSession.last_seen_at.desc(), UserSession.guid)).all()


def by_own_logins(db: Session, user_guid: str, now: dt.datetime, idle_since: dt.datetime) -> Sequence[OwnLogin]:
    """Programs in which a person is signed in, in whichever organization: shown to themselves."""
    rows = (
        select(Login, Membership, Organization.name, Bank.name)
        .join(Membership, Membership.guid == Login.membership_guid)
        .join(Organization, Organization.guid == Membership.organization_guid)
        .outerjoin(Bank, Bank.guid == Login.bank_guid)
        .where(Membership.user_guid == user_guid, Login.expires_at > now, Login.last_used_at > idle_since)
    )
    found = db.execute(rows.order_by(Login.last_used_at.desc(), Login.guid)).all()
    return [OwnLogin(*row) for row in found]


def by_link(db: Session, purpose: LinkPurpose, word_digest: bytes) -> OneTimeLink | None:
    return db.scalar(select(OneTimeLink).where(OneTimeLink.purpose == purpose, OneTimeLink.word_digest == word_digest))


def by_membership(db: Session, guid: str) -> tuple[Membership, Organization] | None:
    """Whom an invitation is for, and to where."""
    rows = select(Membership, Organization).join(Organization, Organization.guid == Membership.organization_guid)
    row = db.execute(rows.where(Membership.guid == guid)).first()
    return (row[0], row[1]) if row else None


def by_ownership(db: Session) -> Sequence[Organization]:
    """Organizations that nobody owns yet."""
    owned = exists().where(Membership.organization_guid == Organization.guid, Membership.role == Role.OWNER)
    return db.scalars(select(Organization).where(~owned)).all()


def by_order(db: Session) -> Sequence[User]:
    """Everybody who can sign in, for the operator."""
    return db.scalars(select(User).order_by(User.created_at, User.guid)).all()


def by_presence(db: Session) -> bool:
    """Whether anybody can sign in at all."""
    return bool(db.scalar(select(exists().where(User.guid.is_not(None)))))
