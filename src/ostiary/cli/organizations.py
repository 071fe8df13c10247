"""`ostiary organizations`."""

from collections.abc import Iterable
from typing import Annotated, Protocol

import typer

from ostiary.cli import show
from ostiary.cli.local.organizations import LocalOrganizations
from ostiary.cli.remote.organizations import RemoteOrganizations
from ostiary.cli.session import JsonFlag
from ostiary.cli.show import Facts
from ostiary.cli.ways import Ways, anywhere
from ostiary.organizations.schemas import NewOrganization, OrganizationChanges
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="List, make, show and rename organizations.", no_args_is_help=True)

Guid = Annotated[
    str | None, typer.Argument(help="Its guid; left out: the only one, or that of the token.", metavar="[GUID]")
]
NameOption = Annotated[str, typer.Option(help="1 to 128 characters.")]


class Organizations(Protocol):
    """What these commands ask for."""

    def listed(self) -> Iterable[Facts]: ...
    def create(self, new: Sent[NewOrganization]) -> Facts: ...
    def get(self, guid: str | None) -> Facts: ...
    def update(self, guid: str | None, sent: Sent[OrganizationChanges]) -> Facts: ...


ORGANIZATIONS: Ways[Organizations] = Ways(LocalOrganizations, RemoteOrganizations)


@commands.command("list")
@anywhere(ORGANIZATIONS)
def list_organizations(organizations: Organizations, json: JsonFlag = False) -> None:
    """Every organization, the newest first; through a server's API that of the token."""
    nothing = "There is no organization yet. Make one with: ostiary init --organization NAME --bank NAME"
    show.rows(organizations.listed(), ["guid", "name", "created_at"], nothing, json_wanted=json)


@commands.command("create")
@anywhere(ORGANIZATIONS)
def create_organization(organizations: Organizations, name: NameOption, json: JsonFlag = False) -> None:
    """Make an organization."""
    show.facts(organizations.create(read_as(NewOrganization, name=name)), json_wanted=json)


@commands.command("show")
@anywhere(ORGANIZATIONS)
def show_organization(organizations: Organizations, guid: Guid = None, json: JsonFlag = False) -> None:
    """One organization."""
    show.facts(organizations.get(guid), json_wanted=json)


@commands.command("rename")
@anywhere(ORGANIZATIONS)
def rename_organization(
    organizations: Organizations, name: NameOption, guid: Guid = None, json: JsonFlag = False
) -> None:
    """Give an organization another name; keys and tokens go on working."""
    show.facts(organizations.update(guid, read_as(OrganizationChanges, name=name)), json_wanted=json)
