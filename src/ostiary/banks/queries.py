"""Every SELECT on banks."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Select, exists, false, or_, select
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.banks.models import Bank
from ostiary.db.pages import Page, read_page
from ostiary.db.stretches import Stretch, read_stretch
from ostiary.errors import NotFound

NEWEST_FIRST = (Bank.created_at.desc(), Bank.guid.desc())


@dataclass(frozen=True)
class BankFilter:
    types: tuple[str, ...] | None = None
    guids: tuple[str, ...] | None = None


class Choice(NamedTuple):
    """As much of a bank as it takes to choose it from a list."""

    guid: str
    name: str
    type: str
    closed_at: dt.datetime | None


def visible_to(actor: Actor) -> Select[Bank]:
    everything = select(Bank)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Bank.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(Bank.guid == actor.bank_guid)
        case Subject.CUSTOMER:
            return everything.where(false())


def find(db: Session, actor: Actor, guid: str) -> Bank | None:
    return db.scalar(visible_to(actor).where(Bank.guid == guid))


def get(db: Session, actor: Actor, guid: str) -> Bank:
    found = find(db, actor, guid)
    if found is None:
        raise NotFound("bank")
    return found


def get_to_change(db: Session, actor: Actor, guid: str) -> Bank:
    """Nobody else changes it before this unit of work ends."""
    # SQLite ignores the lock and does not need it: its one writer is us. What was read before the lock may be stale.
    locked = visible_to(actor).where(Bank.guid == guid).with_for_update(key_share=True)
    found = db.scalar(locked.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("bank")
    return found


def find_by_form(db: Session, actor: Actor, form_digest: bytes) -> Bank | None:
    """The bank that a form has made already, when it arrives a second time."""
    return db.scalar(visible_to(actor).where(Bank.form_digest == form_digest))


def find_all(db: Session, actor: Actor, guids: Collection[str]) -> Mapping[str, Bank]:
    return {bank.guid: bank for bank in db.scalars(visible_to(actor).where(Bank.guid.in_(guids)))}


def has_any(db: Session, actor: Actor) -> bool:
    return bool(db.scalar(select(exists(visible_to(actor)))))


def choices(db: Session, actor: Actor, most: int) -> Sequence[Choice]:
    """The newest."""
    return _choices(db, visible_to(actor).order_by(*NEWEST_FIRST).limit(most))


def find_choice(db: Session, actor: Actor, guid: str) -> Choice | None:
    found = _choices(db, visible_to(actor).where(Bank.guid == guid))
    return found[0] if found else None


def _choices(db: Session, rows: Select[Bank]) -> Sequence[Choice]:
    few = rows.with_only_columns(Bank.guid, Bank.name, Bank.type, Bank.closed_at, maintain_column_froms=True)
    return [Choice(*row) for row in db.execute(few)]


def newest(db: Session, actor: Actor, search: str, *, before: str, size: int) -> Stretch[Bank]:
    """Those with the words in their name, or with that guid."""
    rows = visible_to(actor)
    if search:
        rows = rows.where(or_(Bank.name.icontains(search, autoescape=True), Bank.guid == search))
    return read_stretch(db, rows, Bank, find(db, actor, before) if before else None, size)


def page(db: Session, actor: Actor, wanted: BankFilter, page: int, per_page: int) -> Page[Bank]:
    rows = visible_to(actor)
    if wanted.types is not None:
        rows = rows.where(Bank.type.in_(wanted.types))
    if wanted.guids is not None:
        rows = rows.where(Bank.guid.in_(wanted.guids))
    return read_page(db, rows, NEWEST_FIRST, page, per_page)
