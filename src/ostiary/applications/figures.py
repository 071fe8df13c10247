"""How much a key was used lately: tokens by hour and by day, refusals by reason."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.applications import outcomes
from ostiary.applications.chart import Chart, chart
from ostiary.applications.queries import Counted

DAYS = 30
HOURS = 48
A_DAY = dt.timedelta(days=1)
AN_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Refusal:
    reason: str
    count: int


@dataclass(frozen=True)
class Figures:
    hours: Chart
    days: Chart
    # The most frequent first.
    refusals: Sequence[Refusal]


def since(now: dt.datetime) -> dt.datetime:
    """The first hour that is shown."""
    return _day(now) - (DAYS - 1) * A_DAY


def first_hour(now: dt.datetime) -> dt.datetime:
    """The first that is shown by itself."""
    return now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * AN_HOUR


def figures(counted: Sequence[Counted], now: dt.datetime) -> Figures:
    by_hour: Counter[dt.datetime] = Counter()
    by_day: Counter[dt.datetime] = Counter()
    by_reason: Counter[str] = Counter()
    for hour, outcome, times in counted:
        if outcome == outcomes.ISSUED:
            by_hour[hour] += times
            by_day[_day(hour)] += times
        else:
            by_reason[outcome] += times
    last_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [last_hour - back * AN_HOUR for back in reversed(range(HOURS))]
    days = [_day(now) - back * A_DAY for back in reversed(range(DAYS))]
    return Figures(
        hours=chart(
            "Tokens per hour",
            "in the last 48 hours, times in UTC",
            [(f"{hour:%-d %b, %H:%M}", by_hour[hour]) for hour in hours],
        ),
        days=chart("Tokens per day", "in the last 30 days, in UTC", [(f"{day:%-d %b}", by_day[day]) for day in days]),
        refusals=[Refusal(outcomes.in_words(reason), count) for reason, count in by_reason.most_common()],
    )


def _day(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
