"""Every SELECT on events and their deliveries."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, literal, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from ostiary.access.actor import Actor, Subject
from ostiary.db.model import Moment
from ostiary.errors import NotFound
from ostiary.events.models import Event, EventDelivery

# Where no index knows both of two filters, one page looks at this many events and then says how far it came.
MOST_LOOKED_AT = 2_000

Condition = ColumnElement[bool]
EventRow = type[Event]
Wanted = Callable[[EventRow], Condition]


@dataclass(frozen=True)
class EventFilter:
    """What is asked for; a key or a person finds what it did and what was done to it."""

    types: tuple[str, ...] = ()
    bank_guid: str = ""
    key_guids: tuple[str, ...] = ()
    person_guids: tuple[str, ...] = ()
    since: dt.datetime | None = None
    # The first moment that is not asked for any more.
    until: dt.datetime | None = None


class Place(NamedTuple):
    """Where in the trail an event stands."""

    created_at: dt.datetime
    guid: str


@dataclass(frozen=True)
class Stretch:
    """Events one after the other, the newest first, and the events beyond which there may be more."""

    events: Sequence[Event]
    newer_than: str = ""
    older_than: str = ""
    # Set when the search was broken off there although the stretch is not full.
    looked_until: dt.datetime | None = None


def visible_to(actor: Actor) -> Select[Event]:
    everything = select(Event)
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Event.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(
                Event.organization_guid == actor.organization_guid, Event.bank_guid == actor.bank_guid
            )
        case Subject.CUSTOMER:
            return everything.where(false())


def stretch(db: Session, actor: Actor, wanted: EventFilter, size: int, *, before: str = "", after: str = "") -> Stretch:
    """The newest events, or those next to one that is known: no page costs more than another, however deep it is."""
    start = _place(db, actor, before or after) if before or after else None
    found, end = _walk(db, actor, wanted, size, start, is_upwards=bool(after))
    broken_off = end.created_at if end and len(found) < size else None
    beyond = end.guid if end else ""
    if not after:
        # From where nothing was found, the way back begins where the search ended.
        newer = (found[0].guid if found else beyond or before) if before else ""
        return Stretch(found, newer, beyond, broken_off)
    if not end and len(found) < size:
        # The top is reached: a full first page says more than the rest of one.
        return stretch(db, actor, wanted, size)
    return Stretch(found[::-1], beyond, found[0].guid if found else beyond, broken_off)


def about(db: Session, actor: Actor, object_guid: str, most: int) -> Sequence[Event]:
    """What was done to one thing, the newest first."""
    rows = visible_to(actor).where(Event.object_guid == object_guid)
    return db.scalars(rows.order_by(Event.created_at.desc(), Event.guid.desc()).limit(most)).all()


def _place(db: Session, actor: Actor, guid: str) -> Place:
    found = db.scalar(visible_to(actor).where(Event.guid == guid))
    if found is None:
        raise NotFound("event")
    return Place(found.created_at, found.guid)


def _walk(
    db: Session, actor: Actor, wanted: EventFilter, size: int, start: Place | None, *, is_upwards: bool
) -> tuple[list[Event], Place | None]:
    """The next events in one direction, the nearest first, and where to go on: None at the end of the trail."""
    rows = visible_to(actor).where(*_range(wanted))
    if start is not None:
        here, place = tuple_(Event.created_at, Event.guid), tuple_(literal(start.created_at, Moment), start.guid)
        rows = rows.where(here > place if is_upwards else here < place)
    ways, is_wanted = _ways(wanted)
    walked = [_one_way(db, rows.where(way), is_wanted, size, is_upwards=is_upwards) for way in ways]
    ends = [end for _, end in walked if end is not None]
    # Beyond the nearest end one of the ways was not looked at.
    end = (min(ends) if is_upwards else max(ends)) if ends else None
    events = {Place(each.created_at, each.guid): each for found, _ in walked for each in found}
    places = sorted(events, reverse=not is_upwards)
    if end is not None:
        places = [place for place in places if (place <= end if is_upwards else place >= end)]
    if len(places) > size:
        places, end = places[:size], places[size - 1]
    return [events[place] for place in places], end


def _one_way(
    db: Session, rows: Select[Event], is_wanted: Wanted | None, size: int, *, is_upwards: bool
) -> tuple[list[Event], Place | None]:
    if is_wanted is None:
        found = db.scalars(rows.order_by(*_order(Event, is_upwards=is_upwards)).limit(size + 1)).all()
    else:
        near = rows.order_by(*_order(Event, is_upwards=is_upwards)).limit(MOST_LOOKED_AT).subquery()
        event = aliased(Event, near)
        matching = select(event).where(is_wanted(event)).order_by(*_order(event, is_upwards=is_upwards))
        found = db.scalars(matching.limit(size + 1)).all()
    if len(found) > size:
        return list(found), Place(found[-1].created_at, found[-1].guid)
    if is_wanted is None:
        return list(found), None
    ordered = rows.with_only_columns(Event.created_at, Event.guid).order_by(*_order(Event, is_upwards=is_upwards))
    last = db.execute(ordered.offset(MOST_LOOKED_AT - 1).limit(1)).first()
    return list(found), Place(*last) if last else None


def _ways(wanted: EventFilter) -> tuple[list[Condition], Wanted | None]:
    """Conditions that each have an index and of which one must hold, and what must hold beside it."""
    concerned = [guids for guids in (wanted.key_guids, wanted.person_guids) if guids]
    if concerned:
        chosen, *others = concerned
        ways = [column == guid for guid in chosen for column in (Event.actor_guid, Event.object_guid)]
        is_more = others or wanted.types or wanted.bank_guid
        return ways, (lambda event: _rest(event, others, wanted.types, wanted.bank_guid)) if is_more else None
    if wanted.types:
        ways = [Event.event_type == each for each in wanted.types]
        return ways, (lambda event: _rest(event, [], (), wanted.bank_guid)) if wanted.bank_guid else None
    return [Event.bank_guid == wanted.bank_guid if wanted.bank_guid else true()], None


def _rest(event: EventRow, concerned: list[tuple[str, ...]], types: tuple[str, ...], bank_guid: str) -> Condition:
    found = [or_(event.actor_guid.in_(guids), event.object_guid.in_(guids)) for guids in concerned]
    found += [event.event_type.in_(types)] if types else []
    found += [event.bank_guid == bank_guid] if bank_guid else []
    return and_(*found)


def _range(wanted: EventFilter) -> list[Condition]:
    since = [Event.created_at >= wanted.since] if wanted.since else []
    return [*since, Event.created_at < wanted.until] if wanted.until else since


def _order(event: EventRow, *, is_upwards: bool) -> tuple[ColumnElement[Any], ...]:
    columns = (event.created_at, event.guid)
    return tuple(column.asc() if is_upwards else column.desc() for column in columns)


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


def by_waiting(db: Session) -> tuple[int, dt.datetime | None]:
    """How many deliveries wait, and since when the oldest of them does."""
    count, oldest = db.execute(select(func.count(), func.min(EventDelivery.created_at))).one()
    return count, oldest
