"""`ostiary users`."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from ostiary import clock
from ostiary.cli import show
from ostiary.cli.session import OPERATOR, JsonFlag, YesFlag, confirm, misused, reading, writing
from ostiary.users import accounts, queries, set_up
from ostiary.users.accounts import LetIn
from ostiary.users.models import Membership, Role, User
from ostiary.users.schemas import NewAccount
from ostiary.web.schemas import read_as

commands = typer.Typer(help="List, make, disable and let in people.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The person's address.", metavar="EMAIL")]


@commands.command("list")
def list_users(json: JsonFlag = False) -> None:
    """Everybody who has an account, in the order in which they came."""
    with reading() as db:
        places = defaultdict(list)
        for membership in queries.team(db, OPERATOR):
            places[membership.user_guid].append(membership)
        found = [_shown(user, places[user.guid], json_wanted=json) for user in queries.by_order(db)]
    nothing = "There is no person yet. Open the link in the file set-up-link, or make one with: ostiary users create"
    show.rows(found, ["email", "name", "memberships", "disabled_at", "guid"], nothing, json_wanted=json)


@commands.command("create")
def create_user(
    email: Annotated[str, typer.Option(help="Where the person is reached; it is what they sign in with.")],
    name: Annotated[str, typer.Option(help="1 to 128 characters.")],
    organization: Annotated[str | None, typer.Option(help="Guid of the organization they belong to.")] = None,
    role: Annotated[Role | None, typer.Option(help="What they may do there.")] = None,
    json: JsonFlag = False,
) -> None:
    """Make a person, and print the link by which they choose a password. Who has an account is let in there too."""
    if (organization is None) != (role is None):
        misused("Say both or neither: --organization GUID and --role ROLE")
    with writing() as (house, db):
        made = accounts.create(
            db, OPERATOR, read_as(NewAccount, email=email, name=name), organization or "", role or ""
        )
        places = queries.memberships_of(db, OPERATOR, made.user.guid)
    set_up.put_away(house.settings)
    _show_link(house.settings.issuer, made, places, json_wanted=json)


@commands.command("reset-password")
def reset_password(email: Email, json: JsonFlag = False) -> None:
    """Print a link by which a person chooses a new password; the old one works until then."""
    with writing() as (house, db):
        made = accounts.new_password_link(db, OPERATOR, email)
        places = queries.memberships_of(db, OPERATOR, made.user.guid)
    _show_link(house.settings.issuer, made, places, json_wanted=json)


@commands.command("disable")
def disable_user(email: Email, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Sign a person out everywhere at once and let them in nowhere. Their keys go on working."""
    confirm(f"{email} will be signed out everywhere and not let in again; keys they made go on working.", yes=yes)
    with writing() as (_, db):
        user = accounts.disable(db, OPERATOR, email)
        shown = _shown(user, queries.memberships_of(db, OPERATOR, user.guid), json_wanted=json)
    show.facts(shown, json_wanted=json)


@commands.command("enable")
def enable_user(email: Email, json: JsonFlag = False) -> None:
    """Let a disabled person in again, with the password they had."""
    with writing() as (_, db):
        user = accounts.enable(db, OPERATOR, email)
        shown = _shown(user, queries.memberships_of(db, OPERATOR, user.guid), json_wanted=json)
    show.facts(shown, json_wanted=json)


def _show_link(issuer: str, made: LetIn, places: Iterable[Membership], *, json_wanted: bool) -> None:
    shown = _shown(made.user, places, json_wanted=json_wanted)
    if made.path:
        shown |= {"link": issuer + made.path, "link_expires_at": _wire(made.expires_at)}
    show.facts(shown, json_wanted=json_wanted)
    if made.path and not json_wanted:
        typer.echo(
            "\nThe link works once. Hand it on in a way that nobody else reads: whoever opens it chooses the password."
        )


def _shown(user: User, places: Iterable[Membership], *, json_wanted: bool) -> dict[str, Any]:
    roles = [{"organization_guid": one.organization_guid, "role": one.role, "guid": one.guid} for one in places]
    return {
        "guid": user.guid,
        "email": user.email,
        "name": user.name,
        "memberships": roles if json_wanted else [f"{each['role']} of {each['organization_guid']}" for each in roles],
        "created_at": _wire(user.created_at),
        "disabled_at": _wire(user.disabled_at),
    }


def _wire(moment: dt.datetime | None) -> str | None:
    return clock.on_the_wire(moment) if moment else None
