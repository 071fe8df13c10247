"""`ostiary keys`."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import queries, service
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.observation import service as observation
from ostiary.applications.schemas import ApplicationChanges, NewApplication
from ostiary.cli import show
from ostiary.cli.session import OPERATOR, JsonFlag, YesFlag, confirm, fail, misused, reading, writing
from ostiary.errors import NotFound
from ostiary.organizations import queries as organizations
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="Generate, list, restrict, pause and revoke key pairs.", no_args_is_help=True)

AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="Address or CIDR range the key may be used from; repeatable.")
]
ExpiresOption = Annotated[str, typer.Option(help="How long the key lives: 90d, 12h, 30m, 45s.")]
Id = Annotated[str, typer.Argument(help="Client id or guid of the key.", metavar="ID")]

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Change = Callable[[Session, Actor, ApplicationKind, str], Application]


def new_application(name: str, expires_in: str, allow: list[str] | None) -> Sent[NewApplication]:
    try:
        expires_at = clock.now() + lifetime(expires_in)
    except OverflowError:
        misused("--expires-in is too long")
    return read_as(NewApplication, name=name, expires_at=expires_at, ip_allowlist=allow or [])


def lifetime(text: str) -> dt.timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if not found:
        misused("--expires-in takes a number and a unit, as in 90d, 12h, 30m or 45s")
    return dt.timedelta(**{UNITS[found[2]]: int(found[1])})


@commands.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="1 to 128 characters.")],
    organization_key: Annotated[bool, typer.Option("--organization-key", help="A key of the organization.")] = False,
    organization: Annotated[str | None, typer.Option(help="Its guid, where there are several.")] = None,
    bank: Annotated[str | None, typer.Option(help="Guid of the bank the key belongs to.")] = None,
    expires_in: ExpiresOption = "90d",
    allow: AllowOption = None,
    json: JsonFlag = False,
) -> None:
    """Generate a key pair, for an organization or for a bank, and print it once."""
    if organization_key == (bank is not None):
        misused("Say which: --organization-key, or --bank GUID")
    new = new_application(name, expires_in, allow)
    with writing() as (house, db):
        if bank is not None:
            pair = service.create_for_bank(db, OPERATOR, house.digester, bank, new)
        else:
            owner = organization or _only_organization(db)
            pair = service.create_for_organization(db, OPERATOR, house.digester, owner, new)
    # Only now, committed and synced, does the secret leave.
    show.pair(pair, {}, json_wanted=json)


@commands.command("list")
def list_keys(
    bank: Annotated[str | None, typer.Option(help="Only keys of this bank.")] = None, json: JsonFlag = False
) -> None:
    """Every key, revoked ones included."""
    with reading() as db:
        found = list(service.page(db, OPERATOR, ApplicationKind.BANK, bank, 0, show.EVERYTHING).objects)
        if bank is None:
            found += service.page(db, OPERATOR, ApplicationKind.ORGANIZATION, None, 0, show.EVERYTHING).objects
    shown = [show.application(one) for one in found]
    columns = ["name", "client_id", "kind", "status", "expires_at", "last_used_at"]
    nothing = "There is no key yet. Generate one with: ostiary keys create --bank GUID --name NAME"
    show.rows(shown, columns, nothing, json_wanted=json)


@commands.command("show")
def show_key(id_: Id, json: JsonFlag = False) -> None:
    """One key, without its secret."""
    with reading() as db:
        found = show.application(_locate(db, id_))
    show.facts(found, json_wanted=json)


@commands.command("pause")
def pause_key(id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse a key and its tokens until it is resumed."""
    confirm(f"{_described(id_)} It and its tokens will be refused until it is resumed.", yes=yes)
    _change(id_, service.pause, json_wanted=json)


@commands.command("resume")
def resume_key(id_: Id, json: JsonFlag = False) -> None:
    """Let a paused key work again."""
    _change(id_, service.resume, json_wanted=json)


@commands.command("revoke")
def revoke_key(id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse a key and its tokens for good."""
    confirm(f"{_described(id_)} It and its tokens will be refused at once, for good.", yes=yes)
    _change(id_, service.revoke, json_wanted=json)


@commands.command("allow")
def allow_key(
    id_: Id,
    addresses: Annotated[list[str] | None, typer.Argument(help="The new list, replacing the old.")] = None,
    any_address: Annotated[bool, typer.Option("--any", help="No list: usable from anywhere.")] = False,
    json: JsonFlag = False,
) -> None:
    """Replace the list of addresses a key may be used from."""
    if any_address == bool(addresses):
        misused("Name the addresses, or say --any to allow all")
    sent = read_as(ApplicationChanges, ip_allowlist=addresses or [])
    _change(id_, lambda db, actor, kind, key: service.update(db, actor, kind, key, sent), json_wanted=json)


@commands.command("observe")
def observe_key(id_: Id, json: JsonFlag = False) -> None:
    """Write down every address that uses a key, and refuse nobody: to find the list it needs."""
    _change(id_, observation.observe, json_wanted=json)


@commands.command("observed")
def show_observed(id_: Id, json: JsonFlag = False) -> None:
    """The addresses that an observed key was used from, and the smallest list that fits them."""
    with reading() as db:
        found = observation.report(db, OPERATOR, _locate(db, id_), clock.now())
    if found is None:
        fail("The key is not observed. Begin with: ostiary keys observe ID")
    shown, seen = show.observation(found), show.seen_addresses(found)
    if json:
        show.as_json({**shown, "seen": seen})
        return
    show.facts(shown, json_wanted=False)
    typer.echo()
    columns = ["address", "uses", "first_seen_at", "last_seen_at", "with_proposed_list"]
    show.rows(seen, columns, "No use was seen yet.", json_wanted=False)


@commands.command("stop-observing")
def stop_observing_key(id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Write nothing more down, and forget what was seen. To switch over to a list, use `allow` instead."""
    confirm(f"{_described(id_)} The addresses it was used from will be forgotten.", yes=yes)
    _change(id_, observation.stop, json_wanted=json)


def _change(id_: str, change: Change, *, json_wanted: bool) -> None:
    with writing() as (_, db):
        found = _locate(db, id_)
        changed = show.application(change(db, OPERATOR, ApplicationKind(found.kind), id_))
    show.facts(changed, json_wanted=json_wanted)


def _locate(db: Session, id_: str) -> Application:
    for kind in ApplicationKind:
        found = queries.find(db, OPERATOR, kind, id_)
        if found is not None:
            return found
    raise NotFound("application")


def _described(id_: str) -> str:
    """The key, and who would notice."""
    with reading() as db:
        key = _locate(db, id_)
    if key.last_used_at is None:
        return f"{key.name} has never been used."
    ago = clock.in_words((clock.now() - key.last_used_at).total_seconds())
    return f"{key.name} was used {ago} ago from {key.last_used_from}."


def _only_organization(db: Session) -> str:
    found = organizations.all_of(db, OPERATOR)
    if len(found) != 1:
        fail(f"There are {len(found)} organizations: name one with --organization GUID")
    return found[0].guid
