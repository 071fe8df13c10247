"""Tables of events and of the work that is due because of them."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ostiary import clock
from ostiary.crypto import guids
from ostiary.db.model import Facts, Guid, Model


class Event(Model):
    """Who did what to what, from where and when. Rows are written once and never changed."""

    __tablename__ = "events"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    event_type: Mapped[str] = mapped_column(String(64))
    object_guid: Mapped[Guid]
    # No foreign keys: the trail outlives what it tells about.
    organization_guid: Mapped[Guid]
    bank_guid: Mapped[Guid | None]
    actor_subject: Mapped[str] = mapped_column(String(16))
    actor_guid: Mapped[Guid]
    address: Mapped[str] = mapped_column(String(45))
    facts: Mapped[Facts]
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        Index(None, "organization_guid", "created_at", "guid"),
        # What Activity filters by: the bank, the person or key, the type, the thing.
        Index("ix_events_by_bank", "organization_guid", "bank_guid", "created_at", "guid"),
        Index("ix_events_by_actor", "organization_guid", "actor_guid", "created_at", "guid"),
        Index("ix_events_by_type", "organization_guid", "event_type", "created_at", "guid"),
        Index("ix_events_by_object", "organization_guid", "object_guid", "created_at", "guid"),
    )


class EventDelivery(Model):
    """One piece of work an event still has to cause; the row goes when the work is done."""

    __tablename__ = "event_deliveries"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    event_guid: Mapped[Guid] = mapped_column(ForeignKey("events.guid"))
    consumer: Mapped[str] = mapped_column(String(64))
    attempt_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)

    __table_args__ = (Index(None, "next_attempt_at"), Index(None, "event_guid"))
