"""Every SELECT on people, their memberships, sessions and links."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, joinedload

from ostiary.access.actor import Actor, Subject
from ostiary.errors import NotFound
from ostiary.organizations.models import Organization
from ostiary.users.models import LinkPurpose, Membership, OneTimeLink, Role, User, UserSession


def visible_to(actor: Actor) -> Select[Membership]:
    everything = select(Membership).options(joinedload(Membership.user))
    if actor.subject is Subject.OPERATOR:
        return everything
    return everything.where(Membership.organization_guid == actor.organization_guid)


def get(db: Session, actor: Actor, guid: str) -> Membership:
    found = db.scalar(visible_to(actor).where(Membership.guid == guid))
    if found is None:
        raise NotFound("user")
    return found


def find_invited(db: Session, actor: Actor, email: str) -> Membership | None:
    return db.scalar(visible_to(actor).where(Membership.email == email))


def team(db: Session, actor: Actor) -> Sequence[Membership]:
    """Everybody, in the order in which they came."""
    return db.scalars(visible_to(actor).order_by(Membership.created_at, Membership.guid)).all()


def live_owners(db: Session, actor: Actor) -> int:
    """How many owners could sign in at this moment."""
    rows = visible_to(actor).join(User, User.guid == Membership.user_guid)
    owners = rows.where(
        Membership.role == Role.OWNER, Membership.disabled_at.is_(None), User.disabled_at.is_(None)
    ).with_only_columns(func.count(), maintain_column_froms=True)
    return db.scalar(owners.options()) or 0


def own_sessions(db: Session, actor: Actor, user_guid: str, now: dt.datetime) -> Sequence[UserSession]:  # noqa: ARG001 - it is the person who asks
    rows = select(UserSession).where(UserSession.user_guid == user_guid, UserSession.expires_at > now)
    return db.scalars(rows.order_by(UserSession.last_seen_at.desc())).all()


def by_email(db: Session, email: str) -> User | None:
    return db.scalar(select(User).where(User.email == email))


def by_guid(db: Session, guid: str) -> User | None:
    return db.scalar(select(User).where(User.guid == guid))


def by_session_address(db: Session, user_guid: str, address: str) -> bool:
    """Whether the person is signed in from there."""
    mine = exists().where(UserSession.user_guid == user_guid, UserSession.address == address)
    return bool(db.scalar(select(mine)))


def by_session(db: Session, id_digest: bytes) -> tuple[UserSession, User] | None:
    found = select(UserSession, User).join(User, User.guid == UserSession.user_guid)
    row = db.execute(found.where(UserSession.id_digest == id_digest)).first()
    return (row[0], row[1]) if row else None


def by_user(db: Session, user_guid: str) -> Sequence[tuple[Membership, Organization]]:
    """Where a person may go: memberships that count, with their organizations."""
    rows = select(Membership, Organization).join(Organization, Organization.guid == Membership.organization_guid)
    mine = rows.where(
        Membership.user_guid == user_guid, Membership.disabled_at.is_(None), Organization.closed_at.is_(None)
    )
    found = db.execute(mine.order_by(Membership.created_at, Membership.guid)).all()
    return [(row[0], row[1]) for row in found]


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
