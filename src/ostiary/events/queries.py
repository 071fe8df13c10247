"""Every SELECT on events and their deliveries."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ostiary.events.models import Event, EventDelivery


def is_anything_due(db: Session, now: dt.datetime) -> bool:
    return bool(db.scalar(select(exists().where(EventDelivery.next_attempt_at <= now))))


def claim_due(db: Session, now: dt.datetime, most: int) -> Sequence[tuple[EventDelivery, Event]]:
    """Due deliveries with their events, locked until the transaction ends; another worker passes over them."""
    due = (
        select(EventDelivery, Event)
        .join(Event, Event.guid == EventDelivery.event_guid)
        .where(EventDelivery.next_attempt_at <= now)
        .order_by(EventDelivery.next_attempt_at, EventDelivery.guid)
        .limit(most)
        # SQLite ignores this and does not need it: its one writer is us.
        .with_for_update(of=EventDelivery, skip_locked=True)
    )
    return db.execute(due).all()
