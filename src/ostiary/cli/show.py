"""How the command line shows things: tables for people, JSON for programs."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from ostiary import clock
from ostiary.applications.models import OTHERS, Application
from ostiary.applications.observation.report import Report
from ostiary.applications.service import KeyPair
from ostiary.banks.models import Bank
from ostiary.organizations.models import Organization

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


def rows(shown: Sequence[Facts], columns: Sequence[str], nothing: str, *, json_wanted: bool) -> None:
    """Several things: a table, or a full sentence when there are none."""
    if json_wanted:
        as_json({"total": len(shown), "objects": list(shown)})
        return
    if not shown:
        typer.echo(nothing)
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        # Ids are there to be copied, so they are never folded.
        table.add_column(column.replace("_", " "), no_wrap=True, overflow="ignore")
    for row in shown:
        table.add_row(*(clean(row.get(column)) for column in columns))
    console = Console(emoji=False)
    console.width = WIDEST
    console.print(table, markup=False)


def pair(made: KeyPair, more: Facts, *, json_wanted: bool) -> None:
    """A new key pair, the one time its secret can be seen."""
    shown = {**more, **application(made.application), "client_secret": made.secret}
    if json_wanted:
        as_json(shown)
        return
    facts({name: value for name, value in shown.items() if name not in {"scopes", "status"}}, json_wanted=False)
    typer.echo("\nThis is the only time the secret is shown: store it now. Lost means generate a new pair.")


def organization(one: Organization) -> dict[str, Any]:
    return {"guid": one.guid, "name": one.name, "created_at": _wire(one.created_at), "closed_at": _wire(one.closed_at)}


def bank(one: Bank) -> dict[str, Any]:
    return {
        "guid": one.guid,
        "organization_guid": one.organization_guid,
        "name": one.name,
        "type": one.type,
        "features": one.features,
        "created_at": _wire(one.created_at),
        "closed_at": _wire(one.closed_at),
    }


def application(one: Application) -> dict[str, Any]:
    return {
        "guid": one.guid,
        "client_id": one.client_id,
        "name": one.name,
        "kind": one.kind,
        "organization_guid": one.organization_guid,
        "bank_guid": one.bank_guid,
        "status": str(one.status_at(clock.now())),
        "ip_allowlist": one.ip_allowlist,
        "observed_since": _wire(one.observed_since),
        "created_at": _wire(one.created_at),
        "expires_at": _wire(one.expires_at),
        "last_used_at": _wire(one.last_used_at),
        "last_used_from": one.last_used_from,
    }


def observation(found: Report) -> dict[str, Any]:
    """`smallest_ip_allowlist` is null when no list fits, and `proposed_ip_allowlist` what uses are compared with."""
    return {
        "observed_since": _wire(found.since),
        "addresses": len(found.known),
        "has_more_addresses": found.others is not None,
        "uses": found.uses,
        "smallest_ip_allowlist": None if found.smallest is None else list(found.smallest),
        "proposed_ip_allowlist": list(found.proposed),
    }


def seen_addresses(found: Report) -> list[dict[str, Any]]:
    """An address is null where it was unknown; of `others` nobody can say what the list would do."""
    verdicts = {one.address: "let in" for one in found.let_in} | {one.address: "cut off" for one in found.cut_off}
    return [
        {
            "address": "others" if one.address == OTHERS else one.address or None,
            "uses": one.count,
            "first_seen_at": _wire(one.first_seen_at),
            "last_seen_at": _wire(one.last_seen_at),
            "with_proposed_list": verdicts.get(one.address),
        }
        for one in found.seen
    ]


def _wire(moment: dt.datetime | None) -> str | None:
    return clock.on_the_wire(moment) if moment else None


def clean(value: object) -> str:
    """A value as a terminal may show it."""
    if value is None or value == []:
        return "-"
    text = ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
    # A pasted token may hold anything, commands to the terminal included.
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
