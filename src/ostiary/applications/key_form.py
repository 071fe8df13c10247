"""The form for a new key: its usual values, and how what was typed becomes a NewApplication."""

import datetime as dt
from typing import Annotated

from pydantic import BeforeValidator

from ostiary import clock
from ostiary.applications.schemas import USUAL_LIFE, Expiry, NewApplication
from ostiary.web.forms import Form
from ostiary.web.schemas import Sent, read_as

# In days, as radio buttons; anything else is a date of one's own.
LIVES = ("30", "90", "180", "365")
# A name has 128 letters at most.
LONGEST_OWNER = 120


def _end_of_day(given: object) -> object:
    """A key with a date lives until that day is over, in UTC."""
    if not isinstance(given, str):
        return given
    try:
        day = dt.date.fromisoformat(given)
    except ValueError:
        raise ValueError("choose how long the key lives, or a date as in 2027-03-31") from None
    return dt.datetime.combine(day, dt.time(23, 59, 59), clock.UTC)


class TypedApplication(NewApplication):
    expires_at: Annotated[Expiry, BeforeValidator(_end_of_day)]


def fresh(form: Form, owner: str, now: dt.datetime) -> Form:
    """What was typed, or the usual values before anything was."""
    return form.or_usual(
        name=f"{owner[:LONGEST_OWNER]} key",
        expires_at=str(USUAL_LIFE.days),
        expires_on=(now + USUAL_LIFE).date().isoformat(),
        ip_allowlist="",
    )


def read(form: Form, now: dt.datetime) -> Sent[NewApplication]:
    life = form.value("expires_at")
    expires_at = now + dt.timedelta(days=int(life)) if life in LIVES else form.value("expires_on")
    model: type[NewApplication] = TypedApplication
    return read_as(model, name=form.value("name"), expires_at=expires_at, ip_allowlist=form.lines("ip_allowlist"))
