"""Overview: keys that need somebody, tokens issued, refusals, what happened, and the first steps while any is left."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.access.scopes import Scope
from ostiary.applications import outcomes
from ostiary.applications import queries as applications
from ostiary.applications.chart import Chart, chart
from ostiary.banks import queries as banks
from ostiary.dashboard import queries
from ostiary.dashboard.activity_lines import lines
from ostiary.dashboard.queries import Counted
from ostiary.events import service as events
from ostiary.events.queries import EventFilter
from ostiary.web.pages import BANK, Pages, View, Visit

DAYS = 30
A_DAY = dt.timedelta(days=1)
LAST_HOURS = dt.timedelta(hours=23)
TRIED_DAYS = dt.timedelta(days=7)
MOST_KEYS = 6
MOST_EVENTS = 8

pages = Pages()


@dataclass(frozen=True)
class FirstStep:
    title: str
    text: str
    path: str
    is_done: bool
    is_allowed: bool


@dataclass(frozen=True)
class Refusals:
    """One reason, and how often it was given."""

    reason: str
    today: int
    count: int


@dataclass(frozen=True)
class Use:
    tokens_today: int
    tokens: Chart
    refused_today: int
    # The most frequent first.
    refusals: Sequence[Refusals]


@pages.get("/overview")
def overview(visit: Visit) -> View:
    db, actor, now, bank_guid = visit.db, visit.actor, visit.now, visit.parameter(BANK)
    latest = events.stretch(db, actor, EventFilter(bank_guid=bank_guid), MOST_EVENTS)
    ending = queries.ending(db, actor, bank_guid, now, now + DAYS * A_DAY, MOST_KEYS + 1)
    return View(
        "dashboard/overview.html",
        here="overview",
        steps=_first_steps(visit),
        ending=ending[:MOST_KEYS],
        has_more_ending=len(ending) > MOST_KEYS,
        tried=queries.still_tried(db, actor, bank_guid, now, now - TRIED_DAYS, MOST_KEYS),
        use=use(_counted(visit), now),
        customers=queries.count_customers(db, actor, bank_guid),
        most_counted=queries.MOST_COUNTED,
        lines=lines(db, actor, latest.events),
        bank_guid=bank_guid,
    )


def _counted(visit: Visit) -> list[Counted]:
    """Hour by hour where hours are told apart, and before that a day at a time."""
    db, actor, bank_guid, hourly = visit.db, visit.actor, visit.parameter(BANK), _last_hours(visit.now)
    days = queries.usage_by_day(db, actor, bank_guid, _midnight(visit.now) - (DAYS - 1) * A_DAY, hourly)
    return [*days, *queries.usage(db, actor, bank_guid, hourly)]


def use(counted: Sequence[Counted], now: dt.datetime) -> Use:
    last_hours = _last_hours(now)
    by_day: Counter[dt.datetime] = Counter()
    by_reason: Counter[str] = Counter()
    today: Counter[str] = Counter()
    for hour, outcome, count in counted:
        if outcome == outcomes.ISSUED:
            by_day[_midnight(hour)] += count
        else:
            by_reason[outcome] += count
        if hour >= last_hours:
            today[outcome] += count
    days = [_midnight(now) - back * A_DAY for back in reversed(range(DAYS))]
    refusals = [Refusals(outcomes.in_words(each), today[each], count) for each, count in by_reason.most_common()]
    return Use(
        tokens_today=today[outcomes.ISSUED],
        tokens=chart("Tokens per day", "in the last 30 days, in UTC", [(f"{day:%-d %b}", by_day[day]) for day in days]),
        refused_today=sum(each.today for each in refusals),
        refusals=refusals,
    )


def _first_steps(visit: Visit) -> list[FirstStep]:
    """What leads to the first customer; nothing once all of it is done."""
    db, actor = visit.db, visit.actor
    steps = [
        FirstStep(
            "Create a bank",
            "Keys, tokens and customers live in banks. Begin with a sandbox.",
            "/banks/new",
            banks.has_any(db, actor),
            actor.may(Scope.BANKS_EXECUTE),
        ),
        FirstStep(
            "Generate a key pair",
            "A client id and a client secret, for the program that will call the API.",
            "/developers",
            applications.has_any(db, actor),
            actor.may(Scope.BANK_APPLICATIONS_EXECUTE),
        ),
        FirstStep(
            "Get the first token",
            "Send the pair to the token endpoint; the page of the key has the request ready to paste.",
            "/developers",
            queries.has_used_key(db, actor),
            is_allowed=True,
        ),
        FirstStep(
            "Create a customer",
            "POST /api/customers with a bank's token.",
            "/customers",
            queries.has_customer(db, actor),
            is_allowed=True,
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps


def _last_hours(moment: dt.datetime) -> dt.datetime:
    """The first of the hours that count as today."""
    return moment.replace(minute=0, second=0, microsecond=0) - LAST_HOURS


def _midnight(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
