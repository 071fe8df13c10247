"""Events as lines for people: who did what to what, with names and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary.access.actor import STRANGER, Actor, Subject
from ostiary.dashboard import queries
from ostiary.dashboard.queries import Named
from ostiary.events import words
from ostiary.events.models import Event

OPERATOR = Named("The operator")
UNKNOWN = Named("Somebody unknown")
GONE = Named("Somebody who is gone")
WITHOUT_GUID: Mapping[str, Named] = {Subject.OPERATOR: OPERATOR, STRANGER: UNKNOWN}
# Of its end: guids begin with the time, so those of one minute begin alike.
SHORT_LETTERS = 8


@dataclass(frozen=True)
class Line:
    event: Event
    who: Named
    # Whether a program did it, with a token of the key that `who` names.
    is_program: bool
    phrase: str
    what: Named | None
    details: Sequence[str]
    bank: Named | None


def lines(db: Session, actor: Actor, events: Sequence[Event], *, most: int = words.MOST_LISTED) -> list[Line]:
    """The events in words; of long lists in them at most so many entries."""
    guids = {guid for each in events for guid in (each.actor_guid, each.object_guid, each.bank_guid) if guid}
    names = queries.names(db, actor, guids)
    return [_line(event, names, most) for event in events]


def _line(event: Event, names: Mapping[str, Named], most: int) -> Line:
    what = _what(event, names) if words.names_its_object(event) else None
    bank = names.get(event.bank_guid) if event.bank_guid and event.bank_guid != event.object_guid else None
    return Line(
        event=event,
        who=WITHOUT_GUID.get(event.actor_subject) or names.get(event.actor_guid, GONE),
        is_program=event.actor_subject in {Subject.BANK, Subject.ORGANIZATION, Subject.CUSTOMER},
        phrase=words.phrase(event),
        what=what,
        details=words.details(event, known_name=what.text if what else "", most=most),
        bank=bank,
    )


def _what(event: Event, names: Mapping[str, Named]) -> Named:
    """The thing by the name it has today, by the one it had then, or by the end of its guid."""
    kind = event.event_type.partition(".")[0]
    known = names.get(event.object_guid)
    if known is not None:
        return known
    if kind == "customer":
        return Named(event.object_guid[-SHORT_LETTERS:], f"/customers/{event.object_guid}")
    if kind == "organization":
        return Named(_told_name(event) or "", "/settings")
    return Named(_told_name(event) or event.object_guid[-SHORT_LETTERS:])


def _told_name(event: Event) -> str:
    told = event.facts.get("name") or event.facts.get("email") or ""
    return told[-1] if isinstance(told, list) and told else str(told)
