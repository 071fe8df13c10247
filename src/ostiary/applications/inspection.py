"""What people look at before they act: the list of keys, one key with its figures, what a change would do."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary.access.actor import STRANGER, Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.applications import figures, outcomes, queries
from ostiary.applications.figures import Figures, Refusal
from ostiary.applications.models import Application, ApplicationKind, ApplicationStatus
from ostiary.applications.observation import service as observation
from ostiary.applications.observation.report import Report
from ostiary.applications.queries import GONE, OPERATOR, Described, KeyFilter
from ostiary.applications.rights import Rights, rights
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.banks.queries import BankFilter
from ostiary.events import queries as events
from ostiary.events import words
from ostiary.events.models import Event
from ostiary.web import one_time_forms

PER_PAGE = 50
MOST_EVENTS = 50
UNKNOWN = "Somebody unknown"
WITHOUT_GUID: Mapping[str, str] = {Subject.OPERATOR: OPERATOR, STRANGER: UNKNOWN}
# More than anybody picks from; whoever has more banks selects one first.
MOST_BANKS = 200
QUIET = dt.timedelta(days=1)


@dataclass(frozen=True)
class KeyList:
    keys: Sequence[Described]
    # The key after which the next page begins; empty on the last one.
    older_than: str


@dataclass(frozen=True)
class Told:
    """An event of a key, in words."""

    event: Event
    who: str
    phrase: str
    details: Sequence[str]


@dataclass(frozen=True)
class KeyFile:
    """Everything about one key."""

    key: Described
    rights: Rights
    figures: Figures
    history: Sequence[Told]
    predecessor: Application | None
    successor: Application | None
    is_quiet: bool
    # None while nobody observes it.
    observation: Report | None

    @property
    def may_go(self) -> bool:
        """Whether its successor does the work already, or nobody does any with the old one."""
        return self.successor is not None and (self.is_quiet or self.successor.last_used_at is not None)


@dataclass(frozen=True)
class Consequence:
    """What stops when a key does."""

    key: Described
    # No other key of the bank, or of the organization itself, works.
    is_last: bool
    successor: Application | None
    tokens_today: int


@dataclass(frozen=True)
class Offer:
    """The banks that somebody may generate keys for, and the one it will be."""

    banks: Sequence[Bank]
    bank: Bank | None
    # The bank that was asked for, when it is not on offer.
    refused: Bank | None


@dataclass(frozen=True)
class Arrival:
    """What has come of a new key since it was shown."""

    application: Application
    tokens: int
    refusals: Sequence[Refusal]


def page(db: Session, actor: Actor, wanted: KeyFilter, now: dt.datetime, before: str) -> KeyList:
    actor.must(Scope.BANKS_READ, Subject.USER)
    actor.must(Scope.ORGANIZATIONS_READ, Subject.USER)
    found = queries.newest(db, actor, wanted, now, before=before, most=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return KeyList(shown, shown[-1].application.guid if len(found) > PER_PAGE else "")


def describe(db: Session, actor: Actor, guid: str) -> Described:
    for kind in ApplicationKind:
        actor.must(kind.reads, Subject.USER)
    return queries.describe(db, actor, guid)


def key_file(db: Session, actor: Actor, guid: str, now: dt.datetime) -> KeyFile:
    key = describe(db, actor, guid)
    last_used_at = key.application.last_used_at
    return KeyFile(
        key=key,
        rights=rights(actor, key.kind, is_production=key.is_production),
        figures=_figures(db, actor, guid, now),
        history=_history(db, actor, key),
        predecessor=queries.find_by_guid(db, actor, key.application.replaces_guid),
        successor=queries.find_successor(db, actor, guid),
        is_quiet=last_used_at is None or last_used_at <= now - QUIET,
        observation=observation.report(db, actor, key.application, now),
    )


def _history(db: Session, actor: Actor, key: Described) -> Sequence[Told]:
    found = events.about(db, actor, key.application.guid, MOST_EVENTS)
    names = queries.people(db, actor, {event.actor_guid for event in found})
    return [
        Told(
            event=event,
            who=WITHOUT_GUID.get(event.actor_subject) or names.get(event.actor_guid, GONE),
            phrase=words.phrase(event),
            details=words.details(event, known_name=key.application.name),
        )
        for event in found
    ]


def to_change(db: Session, actor: Actor, guid: str) -> Described:
    """The key, for somebody who may rename it, change its addresses, pause or resume it."""
    key = describe(db, actor, guid)
    actor.must_there(key.kind.writes, is_production=key.is_production)
    return key


def to_end(db: Session, actor: Actor, guid: str) -> Described:
    """The key, for somebody who may revoke it."""
    key = describe(db, actor, guid)
    actor.must_there(key.kind.executes, is_production=key.is_production)
    return key


def consequence(db: Session, actor: Actor, key: Described, now: dt.datetime) -> Consequence:
    application = key.application
    is_live = application.status_at(now) is ApplicationStatus.ACTIVE
    counted = queries.usage(db, actor, application.guid, now - QUIET)
    return Consequence(
        key=key,
        is_last=is_live and not queries.has_another(db, actor, application, now),
        successor=queries.find_successor(db, actor, application.guid),
        tokens_today=sum(each.times for each in counted if each.outcome == outcomes.ISSUED),
    )


def arrival(db: Session, actor: Actor, guid: str, now: dt.datetime) -> Arrival:
    application = describe(db, actor, guid).application
    told = _figures(db, actor, guid, now)
    return Arrival(application, told.days.total, told.refusals)


def _figures(db: Session, actor: Actor, guid: str, now: dt.datetime) -> Figures:
    """Counted by the hour where hours are told apart, and before that by the day."""
    hourly = figures.first_hour(now)
    days = queries.usage_by_day(db, actor, guid, figures.since(now), hourly)
    return figures.figures([*days, *queries.usage(db, actor, guid, hourly)], now)


def offer(db: Session, actor: Actor, kind: ApplicationKind, bank_guid: str) -> Offer:
    actor.must(kind.executes, Subject.USER)
    if kind is ApplicationKind.ORGANIZATION:
        return Offer([], None, None)
    found = banks.page(db, actor, BankFilter(), 0, MOST_BANKS).objects
    offered = [bank for bank in found if is_on_offer(actor, bank)]
    wanted = banks.find(db, actor, bank_guid) if bank_guid else None
    if wanted is not None:
        return Offer(offered, wanted, None) if is_on_offer(actor, wanted) else Offer(offered, None, wanted)
    return Offer(offered, offered[0] if len(offered) == 1 else None, None)


def is_on_offer(actor: Actor, bank: Bank) -> bool:
    return bank.closed_at is None and rights(actor, ApplicationKind.BANK, is_production=bank.is_production).generate


def successor(db: Session, actor: Actor, key: Described) -> Application | None:
    """The newest key that takes over from this one."""
    return queries.find_successor(db, actor, key.application.guid)


def made_by(db: Session, actor: Actor, word: str) -> Application | None:
    """The key that the form with this one-time word has made already."""
    return queries.find_by_form(db, actor, one_time_forms.digest(actor, word)) if word else None
