"""Every SELECT of a restore or a move: on the whole database, for the operator at the machine."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.orm import Session, joinedload

from ostiary.applications.models import Application
from ostiary.events.models import Event
from ostiary.organizations.models import Organization
from ostiary.users.models import Membership, User

BATCH = 1_000
ASKED_AT_ONCE = 500


def by_guids_known(db: Session, guids: Sequence[str]) -> set[str]:
    """Those of the events that the database has."""
    found: set[str] = set()
    for start in range(0, len(guids), ASKED_AT_ONCE):
        found.update(db.scalars(select(Event.guid).where(Event.guid.in_(guids[start : start + ASKED_AT_ONCE]))))
    return found


def by_guid_organizations(db: Session) -> Sequence[str]:
    return db.scalars(select(Organization.guid).order_by(Organization.guid)).all()


def by_guid_application(db: Session, guid: str) -> Application | None:
    return db.scalar(select(Application).where(Application.guid == guid))


def by_guid_membership(db: Session, guid: str) -> Membership | None:
    """With its person, unless the invitation was not taken up."""
    return db.scalar(select(Membership).options(joinedload(Membership.user)).where(Membership.guid == guid))


def by_standing_live_keys(db: Session) -> Iterator[Sequence[Row[str, str, str | None]]]:
    """Guid, organization and bank of every key that works, in batches."""
    after = ""
    while True:
        statement = (
            select(Application.guid, Application.organization_guid, Application.bank_guid)
            .where(Application.guid > after, Application.revoked_at.is_(None), Application.paused_at.is_(None))
            .order_by(Application.guid)
            .limit(BATCH)
        )
        found = db.execute(statement).all()
        if not found:
            return
        yield found
        after = found[-1].guid


def by_standing_live_people(db: Session) -> Sequence[User]:
    return db.scalars(select(User).where(User.disabled_at.is_(None))).all()


def by_user_memberships(db: Session, user_guid: str) -> Sequence[Membership]:
    return db.scalars(select(Membership).where(Membership.user_guid == user_guid)).all()


def by_file_revision(file: sqlite3.Connection) -> str | None:
    """Of a database that nobody has opened as one of ours yet."""
    revision: str | None = file.execute("SELECT max(version_num) FROM alembic_version").fetchone()[0]
    return revision


def by_table_is_filled(connection: Connection, table: Table) -> bool:
    return connection.execute(select(table).limit(1)).first() is not None


def by_table_rows(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """All of them, in batches, as `insert` takes them."""
    statement = select(table).execution_options(yield_per=BATCH)
    for batch in connection.execute(statement).mappings().partitions():
        yield [dict(row) for row in batch]
