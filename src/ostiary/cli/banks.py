"""`ostiary banks`."""

from typing import Annotated

import typer

from ostiary.banks import service
from ostiary.banks.models import BankType
from ostiary.banks.queries import BankFilter
from ostiary.banks.usual import COUNTRY, FIAT, usual_bank
from ostiary.cli import show
from ostiary.cli.session import OPERATOR, JsonFlag, YesFlag, confirm, reading, writing

commands = typer.Typer(help="List, make, promote and close banks.", no_args_is_help=True)

Guid = Annotated[str, typer.Argument(help="The bank's guid.", metavar="GUID")]


@commands.command("list")
def list_banks(json: JsonFlag = False) -> None:
    """Every bank, the newest first."""
    with reading() as db:
        found = [show.bank(one) for one in service.page(db, OPERATOR, BankFilter(), 0, show.EVERYTHING).objects]
    nothing = "There is no bank yet. Make one with: ostiary init --organization NAME --bank NAME"
    show.rows(found, ["guid", "name", "type", "organization_guid", "closed_at"], nothing, json_wanted=json)


@commands.command("create")
def create_bank(
    organization: Annotated[str, typer.Option(help="Guid of the organization that owns it.")],
    name: Annotated[str, typer.Option(help="1 to 128 characters.")],
    type: Annotated[BankType, typer.Option()] = BankType.SANDBOX,  # noqa: A002 - the wire's name
    country: Annotated[str, typer.Option(help="ISO 3166 alpha-2.")] = COUNTRY,
    fiat: Annotated[str, typer.Option(help="ISO 4217.")] = FIAT,
    json: JsonFlag = False,
) -> None:
    """Make a bank with the usual settings."""
    with writing() as (_, db):
        made = service.create(db, OPERATOR, organization, usual_bank(name, type, country, fiat))
    show.facts(show.bank(made), json_wanted=json)


@commands.command("show")
def show_bank(guid: Guid, json: JsonFlag = False) -> None:
    """One bank."""
    with reading() as db:
        found = show.bank(service.get(db, OPERATOR, guid))
    show.facts(found, json_wanted=json)


@commands.command("promote")
def promote_bank(guid: Guid, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Switch a sandbox bank to production. There is no way back."""
    with reading() as db:
        bank = service.get(db, OPERATOR, guid)
    confirm(f"{bank.name} becomes a production bank: its tokens stop and keys without addresses are refused.", yes=yes)
    with writing() as (_, db):
        bank = service.promote(db, OPERATOR, guid)
    show.facts(show.bank(bank), json_wanted=json)


@commands.command("close")
def close_bank(guid: Guid, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse every key and token of a bank at once; nothing is deleted."""
    with reading() as db:
        bank = service.get(db, OPERATOR, guid)
    confirm(f"Every key and token of {bank.name} will be refused at once.", yes=yes)
    with writing() as (_, db):
        bank = service.close(db, OPERATOR, guid)
    show.facts(show.bank(bank), json_wanted=json)


@commands.command("reopen")
def reopen_bank(guid: Guid, json: JsonFlag = False) -> None:
    """Let the keys of a closed bank work again."""
    with writing() as (_, db):
        bank = service.reopen(db, OPERATOR, guid)
    show.facts(show.bank(bank), json_wanted=json)
