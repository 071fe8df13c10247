"""Every SELECT on banks."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.banks.models import Bank
from ostiary.db.pages import Page, read_page
from ostiary.errors import NotFound

NEWEST_FIRST = (Bank.created_at.desc(), Bank.guid.desc())


@dataclass(frozen=True)
class BankFilter:
    types: tuple[str, ...] | None = None
    guids: tuple[str, ...] | None = None


def visible_to(actor: Actor) -> Select[Bank]:
    everything = select(Bank)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Bank.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(Bank.guid == actor.bank_guid)


def find(db: Session, actor: Actor, guid: str) -> Bank | None:
    return db.scalar(visible_to(actor).where(Bank.guid == guid))


def get(db: Session, actor: Actor, guid: str) -> Bank:
    found = find(db, actor, guid)
    if found is None:
        raise NotFound("bank")
    return found


def page(db: Session, actor: Actor, wanted: BankFilter, page: int, per_page: int) -> Page[Bank]:
    rows = visible_to(actor)
    if wanted.types is not None:
        rows = rows.where(Bank.type.in_(wanted.types))
    if wanted.guids is not None:
        rows = rows.where(Bank.guid.in_(wanted.guids))
    return read_page(db, rows, NEWEST_FIRST, page, per_page)
