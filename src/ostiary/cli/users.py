"""`ostiary users`."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Protocol

import typer

from ostiary.cli import show
from ostiary.cli.local.users import LocalUsers
from ostiary.cli.remote.users import RemoteUsers
from ostiary.cli.session import JsonFlag, YesFlag, confirm, misused
from ostiary.cli.show import Facts
from ostiary.cli.ways import Ways, anywhere
from ostiary.users.models import Role
from ostiary.users.schemas import MembershipChanges, NewAccount, NewInvitation
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="List, make, invite, disable and let in people.", no_args_is_help=True)

ACCOUNT_LINK = "whoever opens it chooses the password"
INVITATION_LINK = "whoever opens it is let in under that address"

Email = Annotated[str, typer.Argument(help="The person's address.", metavar="EMAIL")]
OrganizationOption = Annotated[str | None, typer.Option(help="Guid of the organization, where there are several.")]


class Users(Protocol):
    """What these commands ask for."""

    def listed(self) -> Iterable[Facts]: ...
    def get(self, email: str) -> Facts: ...
    def create(self, new: Sent[NewAccount], organization_guid: str, role: str) -> Facts: ...
    def invite(self, organization_guid: str | None, new: Sent[NewInvitation]) -> Facts: ...
    def update(self, email: str, organization_guid: str | None, sent: Sent[MembershipChanges]) -> Facts: ...
    def new_password_link(self, email: str) -> Facts: ...
    def on_disabling(self, email: str) -> str: ...
    def disable(self, email: str) -> Facts: ...
    def enable(self, email: str) -> Facts: ...


USERS: Ways[Users] = Ways(LocalUsers, RemoteUsers)


@commands.command("list")
@anywhere(USERS)
def list_users(users: Users, json: JsonFlag = False) -> None:
    """Everybody who has an account or was invited; through a server's API the team of the token's organization."""
    found = users.listed() if json else map(_for_people, users.listed())
    nothing = "There is no person yet. Open the link in the file set-up-link, or make one with: ostiary users create"
    show.rows(found, ["email", "name", "memberships", "disabled_at", "guid"], nothing, json_wanted=json)


@commands.command("show")
@anywhere(USERS)
def show_user(users: Users, email: Email, json: JsonFlag = False) -> None:
    """One person, with what they may do where."""
    _show(users.get(email), json_wanted=json)


@commands.command("create")
@anywhere(USERS)
def create_user(
    users: Users,
    email: Annotated[str, typer.Option(help="Where the person is reached; it is what they sign in with.")],
    name: Annotated[str, typer.Option(help="1 to 128 characters.")],
    organization: Annotated[str | None, typer.Option(help="Guid of the organization they belong to.")] = None,
    role: Annotated[Role | None, typer.Option(help="What they may do there.")] = None,
    json: JsonFlag = False,
) -> None:
    """Make a person, and print the link by which they choose a password. Who has an account is let in there too."""
    if (organization is None) != (role is None):
        misused("Say both or neither: --organization GUID and --role ROLE")
    new = read_as(NewAccount, email=email, name=name)
    _show_link(users.create(new, organization or "", role or ""), ACCOUNT_LINK, json_wanted=json)


@commands.command("invite")
@anywhere(USERS)
def invite_user(
    users: Users,
    email: Annotated[str, typer.Option(help="Whom the link is for; nobody is told by mail.")],
    role: Annotated[Role, typer.Option(help="What they may do there.")],
    organization: OrganizationOption = None,
    json: JsonFlag = False,
) -> None:
    """Invite somebody into an organization, and print the link by which they accept."""
    invited = users.invite(organization, read_as(NewInvitation, email=email, role=role))
    _show_link(invited, INVITATION_LINK, json_wanted=json)


@commands.command("update")
@anywhere(USERS)
def update_user(
    users: Users,
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do from now on.")],
    organization: OrganizationOption = None,
    json: JsonFlag = False,
) -> None:
    """Give somebody another role in an organization, from their next request on."""
    _show(users.update(email, organization, read_as(MembershipChanges, role=role)), json_wanted=json)


@commands.command("reset-password")
@anywhere(USERS)
def reset_password(users: Users, email: Email, json: JsonFlag = False) -> None:
    """Print a link by which a person chooses a new password; the old one works until then."""
    _show_link(users.new_password_link(email), ACCOUNT_LINK, json_wanted=json)


@commands.command("disable")
@anywhere(USERS)
def disable_user(users: Users, email: Email, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Sign a person out everywhere and let them in nowhere; through a server's API, shut them out of the organization.

    It counts at once, and keys they made go on working. Of somebody who was only invited it withdraws the invitation.
    """
    confirm(users.on_disabling(email), yes=yes)
    _show(users.disable(email), json_wanted=json)


@commands.command("enable")
@anywhere(USERS)
def enable_user(users: Users, email: Email, json: JsonFlag = False) -> None:
    """Let a disabled person in again, with the password they had."""
    _show(users.enable(email), json_wanted=json)


def _show(person: Facts, *, json_wanted: bool) -> None:
    show.facts(person if json_wanted else _for_people(person), json_wanted=json_wanted)


def _show_link(person: Facts, use: str, *, json_wanted: bool) -> None:
    _show(person, json_wanted=json_wanted)
    if "link" in person and not json_wanted:
        typer.echo(f"\nThe link works once. Hand it on in a way that nobody else reads: {use}.")


def _for_people(person: Facts) -> Facts:
    return {**person, "memberships": [_in_words(each) for each in person["memberships"]]}


def _in_words(membership: Mapping[str, Any]) -> str:
    words = " of ".join(membership[name] for name in ("role", "organization_guid") if name in membership)
    return words if membership["state"] == "active" else f"{words} ({membership['state']})"
