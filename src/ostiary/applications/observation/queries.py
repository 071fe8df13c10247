"""Every SELECT on the addresses that observed keys were used from."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.applications import queries as applications
from ostiary.applications.models import OTHERS, Application, SeenAddress

KEPT = dt.timedelta(days=30)
# For each key; whoever has it could come from everywhere, to fill the database.
MOST_ADDRESSES = 1_000


def seen(db: Session, actor: Actor, guid: str, now: dt.datetime) -> Sequence[SeenAddress]:
    """Of the last thirty days, what was seen last first."""
    mine = applications.visible_to(actor).join(SeenAddress, SeenAddress.application_guid == Application.guid)
    rows = mine.where(Application.guid == guid, SeenAddress.last_seen_at >= now - KEPT)
    newest_first = rows.order_by(SeenAddress.last_seen_at.desc(), SeenAddress.address)
    return db.scalars(newest_first.with_only_columns(SeenAddress, maintain_column_froms=True)).all()


def by_place(used: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Uses by key and address, of keys that are observed at this moment; beyond the most, others together."""
    rows = used.cte("used")
    is_same = and_(SeenAddress.application_guid == rows.c.application_guid, SeenAddress.address == rows.c.address)
    held = (
        select(SeenAddress.application_guid, func.count().label("count"))
        .where(SeenAddress.application_guid.in_(select(rows.c.application_guid)))
        .group_by(SeenAddress.application_guid)
        .subquery("held")
    )
    is_known = SeenAddress.address.is_not(None)
    place = func.row_number().over(partition_by=(rows.c.application_guid, is_known), order_by=rows.c.address)
    has_room = func.coalesce(held.c.count, 0) + place <= MOST_ADDRESSES
    placed = (
        select(
            rows.c.application_guid,
            case((or_(is_known, has_room), rows.c.address), else_=OTHERS).label("address"),
            rows.c["count"],
        )
        .outerjoin(SeenAddress, is_same)
        .outerjoin(held, held.c.application_guid == rows.c.application_guid)
        .subquery("placed")
    )
    summed = (
        select(placed.c.application_guid, placed.c.address, func.sum(placed.c["count"]).label("count"))
        .group_by(placed.c.application_guid, placed.c.address)
        .subquery("summed")
    )
    # In order, as the usage is written. Whoever ends the observation meanwhile is waited for, and then nothing is left
    # to be written; the lock is one that no other writer of usage waits for.
    return (
        select(summed.c.application_guid, summed.c.address, summed.c["count"])
        .join(Application, Application.guid == summed.c.application_guid)
        .where(Application.observed_since.is_not(None))
        .order_by(summed.c.application_guid, summed.c.address)
        .with_for_update(read=True, key_share=True, of=Application)
    )


def by_age(before: dt.datetime) -> Select[str, str]:
    """Rows that were not seen since; those that another server writes at this moment are none."""
    old = select(SeenAddress.application_guid, SeenAddress.address).where(SeenAddress.last_seen_at < before)
    return old.with_for_update(skip_locked=True)
