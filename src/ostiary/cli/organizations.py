"""`ostiary organizations`."""

from typing import Annotated

import typer

from ostiary.cli import show
from ostiary.cli.session import OPERATOR, JsonFlag, reading, writing
from ostiary.organizations import queries, service
from ostiary.organizations.schemas import NewOrganization
from ostiary.web.schemas import read_as

commands = typer.Typer(help="List and make organizations.", no_args_is_help=True)


@commands.command("list")
def list_organizations(json: JsonFlag = False) -> None:
    """Every organization, the newest first."""
    with reading() as db:
        found = [show.organization(one) for one in queries.all_of(db, OPERATOR)]
    nothing = "There is no organization yet. Make one with: ostiary init --organization NAME --bank NAME"
    show.rows(found, ["guid", "name", "created_at"], nothing, json_wanted=json)


@commands.command("create")
def create_organization(
    name: Annotated[str, typer.Option(help="1 to 128 characters.")], json: JsonFlag = False
) -> None:
    """Make an organization."""
    with writing() as (_, db):
        made = service.create(db, OPERATOR, read_as(NewOrganization, name=name))
    show.facts(show.organization(made), json_wanted=json)
