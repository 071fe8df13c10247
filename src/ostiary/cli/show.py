"""How the command line shows things: tables for people, JSON for programs."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from ostiary import clock
from ostiary.web.schemas import Out

Facts = Mapping[str, Any]

# Of a table: a terminal folds its lines where it likes, nothing is cut off.
WIDEST = 10_000
# A list at a command line has one page.
EVERYTHING = 2**31 - 1


def as_json(facts: object) -> None:
    typer.echo(json.dumps(facts, indent=2))


def facts(shown: Facts, *, json_wanted: bool) -> None:
    """One thing: a line for each of its facts."""
    if json_wanted:
        as_json(shown)
        return
    width = max(len(name) for name in shown)
    for name, value in shown.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {clean(value)}")


def rows(found: Iterable[Facts], columns: Sequence[str], nothing: str, *, json_wanted: bool) -> None:
    """Several things: a table, or a full sentence when there are none."""
    shown = list(found)
    if json_wanted:
        as_json({"total": len(shown), "objects": shown})
        return
    if not shown:
        typer.echo(nothing)
        return
    # A server tells less than the database; a column of which nothing is known would only look as if it were empty.
    told = [column for column in columns if any(column in row for row in shown)]
    table = Table(box=None, pad_edge=False)
    for column in told:
        # Ids are there to be copied, so they are never folded.
        table.add_column(column.replace("_", " "), no_wrap=True, overflow="ignore")
    for row in shown:
        table.add_row(*(clean(row.get(column)) for column in told))
    console = Console(emoji=False)
    console.width = WIDEST
    console.print(table, markup=False)


@dataclass(frozen=True)
class Pair:
    """A new key, the one time its secret can be seen."""

    key: Facts
    secret: str = field(repr=False)


def pair(made: Pair, more: Facts, *, json_wanted: bool) -> None:
    shown = {**more, **made.key, "client_secret": made.secret}
    if json_wanted:
        as_json(shown)
        return
    facts({name: value for name, value in shown.items() if name not in {"scopes", "status"}}, json_wanted=False)
    typer.echo("\nThis is the only time the secret is shown: store it now. Lost means generate a new pair.")


def key(shown: Facts, *, json_wanted: bool) -> None:
    """One key; its scopes follow from its kind, so only programs get the long list."""
    facts(shown if json_wanted else {name: shown[name] for name in shown if name != "scopes"}, json_wanted=json_wanted)


def as_facts(out: Out, order: Sequence[str], **more: object) -> dict[str, Any]:
    """What the API tells about a thing, and what else is known of it here; both ways put it into one order."""
    known = {**out.model_dump(mode="json", exclude_none=True), **more}
    return {name: known[name] for name in order if name in known}


def on_the_wire(moment: dt.datetime | None) -> str | None:
    return clock.on_the_wire(moment) if moment else None


def clean(value: object) -> str:
    """A value as a terminal may show it."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        text = ", ".join(clean(part) for part in value)
    elif isinstance(value, Mapping):
        text = " ".join(f"{name.replace('_', ' ')}: {clean(part)};" for name, part in value.items()).rstrip(";")
    else:
        text = str(value)
    # A pasted token may hold anything, commands to the terminal included.
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
