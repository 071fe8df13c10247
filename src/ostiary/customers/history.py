"""What was done to a customer, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries as applications
from ostiary.customers.models import Customer
from ostiary.events import queries as events
from ostiary.events import words
from ostiary.events.models import Event

MOST_EVENTS = 50


@dataclass(frozen=True)
class Told:
    event: Event
    who: str
    # The key at work, where it was a program.
    key_guid: str
    phrase: str
    details: Sequence[str]


def of(db: Session, actor: Actor, customer: Customer) -> Sequence[Told]:
    found = events.about(db, actor, customer.guid, MOST_EVENTS)
    doers = {event.actor_guid for event in found}
    keys = {guid: key.name for guid in doers if (key := applications.find_by_guid(db, actor, guid))}
    names = {**applications.people(db, actor, doers), **keys}
    return [
        Told(
            event=event,
            who=_who(event, names),
            key_guid=event.actor_guid if event.actor_guid in keys else "",
            phrase=words.phrase(event),
            details=words.details(event),
        )
        for event in found
    ]


def _who(event: Event, names: Mapping[str, str]) -> str:
    if event.actor_subject == Subject.OPERATOR:
        return applications.OPERATOR
    return names.get(event.actor_guid, applications.GONE)
