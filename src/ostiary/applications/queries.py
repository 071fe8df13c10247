"""Every SELECT on applications that people's work needs; the fast lane's are with the protocol."""

from typing import Any

from sqlalchemy import Select, exists, func, or_, select, true
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.applications.models import Application, ApplicationKind
from ostiary.db.pages import Page, read_page
from ostiary.errors import NotFound

PEOPLE = {Subject.OPERATOR, Subject.USER}
NEWEST_FIRST = (Application.created_at.desc(), Application.guid.desc())


def visible_to(actor: Actor) -> Select[Application]:
    everything = select(Application)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Application.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(Application.bank_guid == actor.bank_guid)


def find(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application | None:
    """By client id or guid; a revoked one only for people, on the wire it is deleted."""
    named = or_(Application.client_id == client_id, Application.guid == client_id)
    rows = visible_to(actor).where(Application.kind == kind, named)
    if actor.subject not in PEOPLE:
        rows = rows.where(Application.revoked_at.is_(None))
    return db.scalar(rows)


def get(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    found = find(db, actor, kind, client_id)
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
    if actor.subject not in PEOPLE:
        rows = rows.where(Application.revoked_at.is_(None))
    if bank_guid is not None:
        rows = rows.where(Application.bank_guid == bank_guid)
    return read_page(db, rows, NEWEST_FIRST, page, per_page)


def by_owner(counted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """What was counted by key, summed by bank; an organization's own keys count for an empty one."""
    rows = counted.subquery()
    bank_guid = func.coalesce(Application.bank_guid, "")
    key = (Application.organization_guid, bank_guid, rows.c.hour, rows.c.outcome)
    return (
        select(
            Application.organization_guid,
            bank_guid.label("bank_guid"),
            rows.c.hour,
            rows.c.outcome,
            func.sum(rows.c["count"]).label("count"),
        )
        .join(rows, rows.c.application_guid == Application.guid)
        # As in `unpacked`.
        .where(true())
        .group_by(*key)
        .order_by(*key)
    )
