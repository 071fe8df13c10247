"""Every SELECT on organizations."""

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.errors import NotFound
from ostiary.organizations.models import Organization


def visible_to(actor: Actor) -> Select[Organization]:
    everything = select(Organization)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER | Subject.BANK:
            return everything.where(Organization.guid == actor.organization_guid)
        case Subject.CUSTOMER:
            return everything.where(false())


def get(db: Session, actor: Actor, guid: str) -> Organization:
    found = db.scalar(visible_to(actor).where(Organization.guid == guid))
    if found is None:
        raise NotFound("organization")
    return found


def get_to_change(db: Session, actor: Actor, guid: str) -> Organization:
    """Nobody else changes it before this unit of work ends."""
    # SQLite ignores the lock and does not need it: its one writer is us. What was read before the lock may be stale.
    locked = visible_to(actor).where(Organization.guid == guid).with_for_update(key_share=True)
    found = db.scalar(locked.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("organization")
    return found


def all_of(db: Session, actor: Actor) -> list[Organization]:
    return list(db.scalars(visible_to(actor).order_by(Organization.created_at.desc(), Organization.guid.desc())))
