"""`ostiary banks`."""

from collections.abc import Iterable
from typing import Annotated, Protocol

import typer

from ostiary.banks.models import BankType
from ostiary.banks.schemas import BankChanges, NewBank
from ostiary.banks.usual import COUNTRY, FIAT, usual_bank
from ostiary.cli import show
from ostiary.cli.local.banks import LocalBanks
from ostiary.cli.remote.banks import RemoteBanks
from ostiary.cli.session import JsonFlag, YesFlag, confirm, misused
from ostiary.cli.show import Facts
from ostiary.cli.ways import Ways, anywhere
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="List, make, change, promote and close banks.", no_args_is_help=True)

Guid = Annotated[str, typer.Argument(help="The bank's guid.", metavar="GUID")]


class Banks(Protocol):
    """What these commands ask for."""

    def listed(self) -> Iterable[Facts]: ...
    def get(self, guid: str) -> Facts: ...
    def to_promote(self, guid: str) -> Facts: ...
    def to_close(self, guid: str) -> Facts: ...
    def create(self, organization_guid: str | None, new: Sent[NewBank]) -> Facts: ...
    def update(self, guid: str, sent: Sent[BankChanges]) -> Facts: ...
    def promote(self, guid: str) -> Facts: ...
    def close(self, guid: str) -> Facts: ...
    def reopen(self, guid: str) -> Facts: ...


BANKS: Ways[Banks] = Ways(LocalBanks, RemoteBanks)


@commands.command("list")
@anywhere(BANKS)
def list_banks(banks: Banks, json: JsonFlag = False) -> None:
    """Every bank, the newest first."""
    nothing = "There is no bank yet. Make one with: ostiary init --organization NAME --bank NAME"
    show.rows(banks.listed(), ["guid", "name", "type", "organization_guid", "closed_at"], nothing, json_wanted=json)


@commands.command("create")
@anywhere(BANKS)
def create_bank(
    banks: Banks,
    name: Annotated[str, typer.Option(help="1 to 128 characters.")],
    organization: Annotated[
        str | None, typer.Option(help="Guid of the organization that owns it, where there are several.")
    ] = None,
    type: Annotated[BankType, typer.Option()] = BankType.SANDBOX,  # noqa: A002 - the wire's name
    country: Annotated[str, typer.Option(help="ISO 3166 alpha-2.")] = COUNTRY,
    fiat: Annotated[str, typer.Option(help="ISO 4217.")] = FIAT,
    json: JsonFlag = False,
) -> None:
    """Make a bank with the usual settings. Through a server's API it is a sandbox."""
    show.facts(banks.create(organization, usual_bank(name, type, country, fiat)), json_wanted=json)


@commands.command("show")
@anywhere(BANKS)
def show_bank(banks: Banks, guid: Guid, json: JsonFlag = False) -> None:
    """One bank."""
    show.facts(banks.get(guid), json_wanted=json)


@commands.command("update")
@anywhere(BANKS)
def update_bank(
    banks: Banks,
    guid: Guid,
    name: Annotated[str | None, typer.Option(help="1 to 128 characters.")] = None,
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", help="Trading symbol, as in BTC-USD; repeatable, replaces the list.")
    ] = None,
    origins: Annotated[
        list[str] | None,
        typer.Option("--origin", help="https origin that browsers may call from; repeatable, replaces the list."),
    ] = None,
    no_origins: Annotated[bool, typer.Option("--no-origins", help="Empty the list of origins.")] = False,
    json: JsonFlag = False,
) -> None:
    """Change a bank's name, trading symbols or browser origins; what is not named stays."""
    if no_origins and origins:
        misused("Name the origins, or say --no-origins")
    if name is None and not symbols and not origins and not no_origins:
        misused("Say what to change: --name, --symbol, --origin or --no-origins")
    sent = read_as(
        BankChanges,
        name=name,
        supported_trading_symbols=symbols or None,
        cors_allowed_origins=[] if no_origins else origins or None,
    )
    show.facts(banks.update(guid, sent), json_wanted=json)


@commands.command("promote")
@anywhere(BANKS)
def promote_bank(banks: Banks, guid: Guid, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Switch a sandbox bank to production. There is no way back."""
    name = banks.to_promote(guid)["name"]
    confirm(f"{name} becomes a production bank: its tokens stop and keys without addresses are refused.", yes=yes)
    show.facts(banks.promote(guid), json_wanted=json)


@commands.command("close")
@anywhere(BANKS)
def close_bank(banks: Banks, guid: Guid, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse every key and token of a bank at once; nothing is deleted."""
    confirm(f"Every key and token of {banks.to_close(guid)['name']} will be refused at once.", yes=yes)
    show.facts(banks.close(guid), json_wanted=json)


@commands.command("reopen")
@anywhere(BANKS)
def reopen_bank(banks: Banks, guid: Guid, json: JsonFlag = False) -> None:
    """Let the keys of a closed bank work again."""
    show.facts(banks.reopen(guid), json_wanted=json)
