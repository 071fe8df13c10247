"""`ostiary keys`."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Annotated, Protocol

import typer

from ostiary import clock
from ostiary.applications.schemas import ApplicationChanges, NewApplication
from ostiary.cli import show
from ostiary.cli.local.keys import LocalKeys
from ostiary.cli.remote.keys import RemoteKeys
from ostiary.cli.session import JsonFlag, YesFlag, confirm, misused
from ostiary.cli.show import Facts, Pair
from ostiary.cli.ways import Ways, anywhere
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="Generate, list, restrict, pause and revoke key pairs.", no_args_is_help=True)

AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="Address or CIDR range the key may be used from; repeatable.")
]
ExpiresOption = Annotated[str, typer.Option(help="How long the key lives: 90d, 12h, 30m, 45s.")]
Id = Annotated[str, typer.Argument(help="Client id or guid of the key.", metavar="ID")]

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Keys(Protocol):
    """What these commands ask for."""

    def listed(self, bank_guid: str | None) -> Iterable[Facts]: ...
    def get(self, id_: str) -> Facts: ...
    def to_pause(self, id_: str) -> Facts: ...
    def create_for_bank(self, bank_guid: str, new: Sent[NewApplication]) -> Pair: ...
    def create_for_organization(self, organization_guid: str | None, new: Sent[NewApplication]) -> Pair: ...
    def allow(self, id_: str, sent: Sent[ApplicationChanges]) -> Facts: ...
    def pause(self, id_: str) -> Facts: ...
    def resume(self, id_: str) -> Facts: ...
    def revoke(self, id_: str) -> Facts: ...
    def observe(self, id_: str) -> Facts: ...
    def observed(self, id_: str) -> Facts: ...
    def to_stop_observing(self, id_: str) -> Facts: ...
    def stop_observing(self, id_: str) -> Facts: ...


KEYS: Ways[Keys] = Ways(LocalKeys, RemoteKeys)


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
@anywhere(KEYS)
def create_key(
    keys: Keys,
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
    pair = keys.create_for_organization(organization, new) if bank is None else keys.create_for_bank(bank, new)
    show.pair(pair, {}, json_wanted=json)


@commands.command("list")
@anywhere(KEYS)
def list_keys(
    keys: Keys,
    bank: Annotated[str | None, typer.Option(help="Only keys of this bank.")] = None,
    json: JsonFlag = False,
) -> None:
    """Every key; revoked ones too on the local database, where servers forget them."""
    columns = ["name", "client_id", "kind", "status", "expires_at", "last_used_at"]
    nothing = "There is no key yet. Generate one with: ostiary keys create --bank GUID --name NAME"
    show.rows(keys.listed(bank), columns, nothing, json_wanted=json)


@commands.command("show")
@anywhere(KEYS)
def show_key(keys: Keys, id_: Id, json: JsonFlag = False) -> None:
    """One key, without its secret."""
    show.key(keys.get(id_), json_wanted=json)


@commands.command("pause")
@anywhere(KEYS)
def pause_key(keys: Keys, id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse a key and its tokens until it is resumed."""
    key = keys.to_pause(id_)
    confirm(f"{_described(key)} It and its tokens will be refused until it is resumed.", yes=yes)
    show.key(keys.pause(id_), json_wanted=json)


@commands.command("resume")
@anywhere(KEYS)
def resume_key(keys: Keys, id_: Id, json: JsonFlag = False) -> None:
    """Let a paused key work again."""
    show.key(keys.resume(id_), json_wanted=json)


@commands.command("revoke")
@anywhere(KEYS)
def revoke_key(keys: Keys, id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse a key and its tokens for good."""
    confirm(f"{_described(keys.get(id_))} It and its tokens will be refused at once, for good.", yes=yes)
    show.key(keys.revoke(id_), json_wanted=json)


@commands.command("allow")
@anywhere(KEYS)
def allow_key(
    keys: Keys,
    id_: Id,
    addresses: Annotated[list[str] | None, typer.Argument(help="The new list, replacing the old.")] = None,
    any_address: Annotated[bool, typer.Option("--any", help="No list: usable from anywhere.")] = False,
    json: JsonFlag = False,
) -> None:
    """Replace the list of addresses a key may be used from."""
    if any_address == bool(addresses):
        misused("Name the addresses, or say --any to allow all")
    show.key(keys.allow(id_, read_as(ApplicationChanges, ip_allowlist=addresses or [])), json_wanted=json)


@commands.command("observe")
@anywhere(KEYS)
def observe_key(keys: Keys, id_: Id, json: JsonFlag = False) -> None:
    """Write down every address that uses a key, and refuse nobody: to find the list it needs."""
    show.key(keys.observe(id_), json_wanted=json)


@commands.command("observed")
@anywhere(KEYS)
def show_observed(keys: Keys, id_: Id, json: JsonFlag = False) -> None:
    """The addresses that an observed key was used from, and the smallest list that fits them."""
    found = keys.observed(id_)
    if json:
        show.as_json(found)
        return
    show.facts({name: found[name] for name in found if name != "seen"}, json_wanted=False)
    typer.echo()
    columns = ["address", "uses", "first_seen_at", "last_seen_at", "with_proposed_list"]
    show.rows(found["seen"], columns, "No use was seen yet.", json_wanted=False)


@commands.command("stop-observing")
@anywhere(KEYS)
def stop_observing_key(keys: Keys, id_: Id, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Write nothing more down, and forget what was seen. To switch over to a list, use `allow` instead."""
    key = keys.to_stop_observing(id_)
    confirm(f"{_described(key)} The addresses it was used from will be forgotten.", yes=yes)
    show.key(keys.stop_observing(id_), json_wanted=json)


def _described(key: Facts) -> str:
    """The key, and who would notice."""
    name = show.clean(key["name"])
    if "last_used_at" not in key:
        return f"{name} is the key {show.clean(key['client_id'])}; the dashboard tells who uses it."
    if key["last_used_at"] is None:
        return f"{name} has never been used."
    used_at = dt.datetime.fromisoformat(key["last_used_at"])
    ago = clock.in_words((clock.now() - used_at).total_seconds())
    return f"{name} was used {ago} ago from {key['last_used_from']}."
