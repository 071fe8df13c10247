"""Activity: everything that happened in the organization, filtered, in stretches, and as a file."""

import datetime as dt
from dataclasses import dataclass, replace

from starlette.responses import Response, StreamingResponse

from ostiary import clock
from ostiary.dashboard import activity_csv, queries
from ostiary.dashboard.activity_lines import lines
from ostiary.errors import Invalid
from ostiary.events import service as events
from ostiary.events.catalog import EventType
from ostiary.events.queries import MOST_LOOKED_AT, EventFilter
from ostiary.events.words import TITLES
from ostiary.users import queries as users
from ostiary.web.forms import Form
from ostiary.web.pages import BANK, Pages, View, Visit

PER_PAGE = 50
FILTERS = ("key", "person", "type", "since", "until")
# All events about one kind of thing, by the first half of their type.
KINDS = {
    "credential": "keys",
    "token": "tokens",
    "bank": "banks",
    "customer": "customers",
    "user": "people",
    "session": "sign-ins",
    "login": "programs people signed in with",
    "organization": "the organization",
}

pages = Pages()


@dataclass(frozen=True)
class Asked:
    """The filters as they were typed, and what they mean."""

    form: Form
    wanted: EventFilter
    typed: dict[str, str]


@pages.get("/activity")
def activity(visit: Visit) -> View:
    asked = _asked(visit)
    before, after = visit.parameter("before"), visit.parameter("after")
    found = events.stretch(visit.db, visit.actor, asked.wanted, PER_PAGE, before=before, after=after)
    return View(
        "dashboard/activity.html",
        here="activity",
        form=asked.form,
        lines=lines(visit.db, visit.actor, found.events),
        looked_until=found.looked_until,
        newest=visit.link("/activity", **asked.typed) if before or after else "",
        newer=visit.link("/activity", **asked.typed, after=found.newer_than) if found.newer_than else "",
        older=visit.link("/activity", **asked.typed, before=found.older_than) if found.older_than else "",
        csv=visit.link("/activity.csv", **asked.typed),
        most_rows=activity_csv.MOST_ROWS,
        is_filtered=bool(asked.typed or asked.wanted.bank_guid),
        unfiltered=visit.link("/activity", bank=None),
        bank_guid=asked.wanted.bank_guid,
        people=[(member.guid, member.shown_name) for member in users.team(visit.db, visit.actor)],
        types=_type_options(),
        most_looked_at=MOST_LOOKED_AT,
    )


@pages.get("/activity.csv")
def activity_as_csv(visit: Visit) -> Response:
    asked = _asked(visit)
    if asked.form.is_refused:
        raise Invalid("invalid_parameter", "The dates of this address cannot be read: write them as 2026-11-24")
    first = events.stretch(visit.db, visit.actor, asked.wanted, activity_csv.CHUNK_ROWS)
    return StreamingResponse(
        activity_csv.rows(visit.store, visit.actor, asked.wanted, first),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="activity-{visit.now:%Y-%m-%d}.csv"'},
    )


def _asked(visit: Visit) -> Asked:
    typed = {name: value for name in FILTERS if (value := visit.parameter(name).strip())}
    form = Form.of(**typed)
    wanted = EventFilter(
        types=_types(typed.get("type", "")),
        bank_guid=visit.parameter(BANK),
        key_guids=_key_guids(visit, typed.get("key", "")),
        person_guids=_person_guids(visit, typed.get("person", "")),
    )
    try:
        # The last day counts as a whole.
        since, until = _midnight(typed, "since"), _midnight(typed, "until", days_later=1)
    except Invalid as problem:
        return Asked(form.refused(problem), wanted, typed)
    return Asked(form, replace(wanted, since=since, until=until), typed)


def _type_options() -> list[tuple[str, str]]:
    options: list[tuple[str, str]] = []
    for kind, title in KINDS.items():
        options += [(kind, f"All about {title}"), *((each, TITLES[each]) for each in _types_of(kind))]
    return options


def _types(word: str) -> tuple[str, ...]:
    """A type, or all of one kind; what is neither finds nothing."""
    return tuple(_types_of(word)) if word in KINDS else (word,) if word else ()


def _types_of(kind: str) -> list[EventType]:
    return [each for each in EventType if each.startswith(f"{kind}.")]


def _key_guids(visit: Visit, word: str) -> tuple[str, ...]:
    key = queries.find_key(visit.db, visit.actor, word) if word else None
    return (key.guid if key else word,) if word else ()


def _person_guids(visit: Visit, guid: str) -> tuple[str, ...]:
    """Of a person's membership and account: whoever founded the organization did so before being its member."""
    member = queries.find_person(visit.db, visit.actor, guid) if guid else None
    if member is None:
        return (guid,) if guid else ()
    return (member.guid, member.user_guid) if member.user_guid else (member.guid,)


def _midnight(typed: dict[str, str], name: str, *, days_later: int = 0) -> dt.datetime | None:
    if name not in typed:
        return None
    try:
        day = dt.date.fromisoformat(typed[name]) + dt.timedelta(days=days_later)
    except (ValueError, OverflowError):
        raise Invalid("invalid_parameter", "Write the day as 2026-11-24", field=name) from None
    return dt.datetime.combine(day, dt.time(), clock.UTC)
