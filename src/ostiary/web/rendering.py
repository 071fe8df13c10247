"""Templates become pages: where they stand, and what each of them can call."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from ostiary import clock

STATIC_PATH = "/static"


def _ago(moment: dt.datetime) -> str:
    seconds = (clock.now() - moment).total_seconds()
    return "just now" if seconds < 1 else f"{clock.in_words(seconds)} ago"


def _until(moment: dt.datetime) -> str:
    seconds = (moment - clock.now()).total_seconds()
    return f"in {clock.in_words(seconds)}" if seconds > 0 else f"{clock.in_words(-seconds)} ago"


def _moment(moment: dt.datetime) -> str:
    return moment.strftime("%-d %B %Y, %H:%M:%S UTC")


def _day(moment: dt.datetime) -> str:
    return moment.strftime("%-d %b %Y")


@cache
def static(name: str) -> str:
    """The address of a file that may be kept for ever: it changes when the file does."""
    content = (resources.files("ostiary.web") / "static" / name).read_bytes()
    return f"{STATIC_PATH}/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


class Templates:
    """Every room's templates, addressed as `banks/bank.html`; what several share stands in `web` and has no prefix."""

    def __init__(self, rooms: Sequence[str]) -> None:
        self._environment = _environment(tuple(rooms))

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(context)


# One for all in this process: to compile a page's templates takes ten times as long as to render them.
@cache
def _environment(rooms: Sequence[str]) -> jinja2.Environment:
    prefixed = jinja2.PrefixLoader({room: jinja2.PackageLoader(f"ostiary.{room}") for room in rooms})
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("ostiary.web"), prefixed]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static
    environment.filters |= {
        "ago": _ago,
        "until": _until,
        "moment": _moment,
        "day": _day,
        "iso": clock.on_the_wire,
        "in_words": clock.in_words,
    }
    return environment
