"""Every SELECT on applications that people's work needs; the fast lane's are with the protocol."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, defer, joinedload

from ostiary.access.actor import Actor, Subject
from ostiary.applications.models import (
    SOON,
    Application,
    ApplicationKind,
    ApplicationStatus,
    ApplicationUsage,
)
from ostiary.banks.models import Bank
from ostiary.db.days import day_of
from ostiary.db.model import Moment
from ostiary.db.pages import Page, read_page
from ostiary.errors import NotFound
from ostiary.users import queries as users
from ostiary.users.models import Membership

NEWEST_FIRST = (Application.created_at.desc(), Application.guid.desc())
ENDING = "expires_soon"
OPERATOR = "Operator"
GONE = "Somebody who is gone"
# Of a key's bank nobody asks for these, and reading them takes longer than all the rest.
UNASKED = (
    Bank.features,
    Bank.supported_country_codes,
    Bank.supported_fiat_account_assets,
    Bank.supported_trading_symbols,
    Bank.cors_allowed_origins,
)


@dataclass(frozen=True)
class KeyFilter:
    """What is asked for; the status is one of ApplicationStatus, or ENDING for those that expire soon."""

    kind: str = ""
    bank_guid: str = ""
    status: str = ""
    # A part of the name or of the client id.
    search: str = ""


class Described(NamedTuple):
    """A key with what it belongs to and who made it, as a page shows it."""

    application: Application
    # None for an organization key.
    bank: Bank | None
    # None for the operator, and for somebody who has left.
    maker: Membership | None
    is_replaced: bool

    @property
    def kind(self) -> ApplicationKind:
        return ApplicationKind(self.application.kind)

    def status_at(self, moment: dt.datetime) -> str:
        """As in a KeyFilter."""
        return ENDING if self.application.is_ending_at(moment) else self.application.status_at(moment)

    @property
    def is_production(self) -> bool:
        """Whether production's rules hold for it; an organization's key counts as production."""
        return self.bank is None or self.bank.is_production

    @property
    def maker_name(self) -> str:
        if not self.application.created_by:
            return OPERATOR
        return self.maker.shown_name if self.maker else GONE


def visible_to(actor: Actor) -> Select[Application]:
    everything = select(Application)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Application.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(Application.bank_guid == actor.bank_guid)
        case Subject.CUSTOMER:
            return everything.where(false())


def find(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application | None:
    """By client id or guid; a revoked one only for the operator, on the wire it is deleted."""
    named = or_(Application.client_id == client_id, Application.guid == client_id)
    rows = visible_to(actor).where(Application.kind == kind, named)
    if actor.subject is not Subject.OPERATOR:
        rows = rows.where(Application.revoked_at.is_(None))
    return db.scalar(rows)


def get(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    found = find(db, actor, kind, client_id)
    if found is None:
        raise NotFound("application")
    return found


def get_to_change(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Nobody else changes it before this unit of work ends."""
    named = or_(Application.client_id == client_id, Application.guid == client_id)
    # SQLite ignores the lock and does not need it: its one writer is us. What was read before the lock may be stale.
    locked = visible_to(actor).where(Application.kind == kind, named).with_for_update()
    found = db.scalar(locked.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("application")
    return found


def find_by_form(db: Session, actor: Actor, form_digest: bytes) -> Application | None:
    """The key that a form has made already, when it arrives a second time."""
    return db.scalar(visible_to(actor).where(Application.form_digest == form_digest))


def has_any(db: Session, actor: Actor) -> bool:
    """Whether a key was ever made."""
    return bool(db.scalar(select(exists(visible_to(actor)))))


def page(
    db: Session, actor: Actor, kind: ApplicationKind, bank_guid: str | None, page: int, per_page: int
) -> Page[Application]:
    rows = visible_to(actor).where(Application.kind == kind)
    if actor.subject is not Subject.OPERATOR:
        rows = rows.where(Application.revoked_at.is_(None))
    if bank_guid is not None:
        rows = rows.where(Application.bank_guid == bank_guid)
    return read_page(db, rows, NEWEST_FIRST, page, per_page)


def describe(db: Session, actor: Actor, guid: str) -> Described:
    row = db.execute(_described(visible_to(actor).where(Application.guid == guid))).first()
    if row is None:
        raise NotFound("application")
    return Described(*row)


def newest(
    db: Session, actor: Actor, wanted: KeyFilter, now: dt.datetime, *, before: str, most: int
) -> Sequence[Described]:
    """The newest keys, or those that come after the one that is known: no page costs more than another."""
    rows = visible_to(actor).where(*_conditions(wanted, now))
    start = db.scalar(visible_to(actor).where(Application.guid == before)) if before else None
    if start is not None:
        place = tuple_(literal(start.created_at, Moment), start.guid)
        rows = rows.where(tuple_(Application.created_at, Application.guid) < place)
    return [Described(*row) for row in db.execute(_described(rows).order_by(*NEWEST_FIRST).limit(most))]


def _described(rows: Select[Application]) -> Select[Application, Bank, Membership, bool]:
    successor = aliased(Application)
    is_replaced = exists().where(successor.replaces_guid == Application.guid, successor.revoked_at.is_(None))
    return (
        rows.outerjoin(Bank, Bank.guid == Application.bank_guid)
        .outerjoin(Membership, Membership.guid == Application.created_by)
        .add_columns(Bank, Membership, is_replaced)
        .options(joinedload(Membership.user), *(defer(column, raiseload=True) for column in UNASKED))
    )


def _conditions(wanted: KeyFilter, now: dt.datetime) -> list[ColumnElement[bool]]:
    found = _with_status(wanted.status, now)
    if wanted.kind:
        found.append(Application.kind == wanted.kind)
    if wanted.bank_guid:
        found.append(Application.bank_guid == wanted.bank_guid)
    if wanted.search:
        texts = (Application.name, Application.client_id)
        found.append(or_(*(text.icontains(wanted.search, autoescape=True) for text in texts)))
    return found


def _with_status(status: str, now: dt.datetime) -> list[ColumnElement[bool]]:
    is_unrevoked, is_unpaused = Application.revoked_at.is_(None), Application.paused_at.is_(None)
    is_unexpired = Application.expires_at > now
    # Nearly all are. With a plain comparison SQLite would read them by that index and sort them, for each page anew.
    is_likely_unexpired = func.coalesce(Application.expires_at, now) > now
    is_live = [is_unrevoked, is_likely_unexpired, is_unpaused]
    conditions: dict[str, list[ColumnElement[bool]]] = {
        ApplicationStatus.ACTIVE: is_live,
        ENDING: [*is_live, is_unexpired, Application.expires_at <= now + SOON],
        ApplicationStatus.PAUSED: [is_unrevoked, is_likely_unexpired, ~is_unpaused],
        ApplicationStatus.EXPIRED: [is_unrevoked, ~is_unexpired],
        ApplicationStatus.REVOKED: [~is_unrevoked],
    }
    return conditions.get(status, [])


def people(db: Session, actor: Actor, guids: Collection[str]) -> Mapping[str, str]:
    """The names of those members of the organization, by guid."""
    found = db.scalars(users.visible_to(actor).where(Membership.guid.in_(guids)))
    return {member.guid: member.shown_name for member in found}


def find_by_guid(db: Session, actor: Actor, guid: str | None) -> Application | None:
    """Of either kind."""
    return db.scalar(visible_to(actor).where(Application.guid == guid)) if guid else None


def get_by_guid(db: Session, actor: Actor, guid: str) -> Application:
    found = find_by_guid(db, actor, guid)
    if found is None:
        raise NotFound("application")
    return found


def find_successor(db: Session, actor: Actor, guid: str) -> Application | None:
    """The newest key that was made to take over from this one."""
    made = visible_to(actor).where(Application.replaces_guid == guid, Application.revoked_at.is_(None))
    return db.scalar(made.order_by(*NEWEST_FIRST).limit(1))


def has_another(db: Session, actor: Actor, application: Application, now: dt.datetime) -> bool:
    """Whether the bank, or the organization itself, has another key that works."""
    live = visible_to(actor).where(*_with_status(ApplicationStatus.ACTIVE, now), Application.kind == application.kind)
    others = live.where(
        Application.organization_guid == application.organization_guid,
        Application.bank_guid == application.bank_guid,
        Application.guid != application.guid,
    )
    return bool(db.scalar(select(exists(others))))


class Counted(NamedTuple):
    hour: dt.datetime
    outcome: str
    times: int


def usage(db: Session, actor: Actor, guid: str, since: dt.datetime) -> Sequence[Counted]:
    """What happened with a key, hour by hour."""
    table = ApplicationUsage
    rows = _used(actor, guid, since).with_only_columns(
        table.hour, table.outcome, table.count, maintain_column_froms=True
    )
    return [Counted(*row) for row in db.execute(rows.order_by(table.hour, table.outcome))]


def usage_by_day(db: Session, actor: Actor, guid: str, since: dt.datetime, until: dt.datetime) -> Sequence[Counted]:
    """The same summed up by days in UTC, each told by its first hour."""
    table = ApplicationUsage
    summed = (func.min(table.hour), table.outcome, func.sum(table.count))
    rows = _used(actor, guid, since).where(table.hour < until).with_only_columns(*summed, maintain_column_froms=True)
    found = db.execute(rows.group_by(day_of(db, table.hour), table.outcome))
    return sorted(Counted(hour, outcome, int(times)) for hour, outcome, times in found)


def _used(actor: Actor, guid: str, since: dt.datetime) -> Select[Application]:
    table = ApplicationUsage
    joined = visible_to(actor).join(table, table.application_guid == Application.guid)
    return joined.where(Application.guid == guid, table.hour >= since)


def by_use(guids: Select[*tuple[Any, ...]]) -> Select[*tuple[str, str, str]]:
    """The guids of keys that were used, each with those of its organization and bank, empty where it has none."""
    rows = guids.subquery()
    bank_guid = func.coalesce(Application.bank_guid, "")
    owned = select(Application.guid, Application.organization_guid, bank_guid)
    return owned.join(rows, rows.c.guid == Application.guid)
