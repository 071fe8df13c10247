"""The counter where every slice says what it did, in the transaction in which it did it."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Stranger
from ostiary.crypto import guids
from ostiary.events.catalog import CONSUMERS, EventType, takes_away
from ostiary.events.models import Event, EventDelivery

# Where a unit of work keeps its events that take something away, for whoever has to know them before the commit.
TAKEN = "taken_away"


def record(
    db: Session,
    actor: Actor | Stranger,
    event_type: EventType,
    object_guid: str,
    *,
    organization_guid: str,
    bank_guid: str | None = None,
    **facts: object,
) -> Event:
    """Write the event and whatever work it starts. `facts` must be plain JSON and never hold a secret."""
    event = Event(
        guid=guids.new(),
        event_type=event_type,
        object_guid=object_guid,
        organization_guid=organization_guid,
        bank_guid=bank_guid,
        actor_subject=actor.subject,
        actor_guid=actor.guid,
        address=actor.address,
        facts=facts,
    )
    db.add(event)
    db.flush()  # the deliveries name the event
    if takes_away(event_type, facts):
        db.info.setdefault(TAKEN, []).append(event)
    db.add_all(EventDelivery(event_guid=event.guid, consumer=consumer) for consumer in CONSUMERS.get(event_type, ()))
    return event
