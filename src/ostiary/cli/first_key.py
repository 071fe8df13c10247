"""`ostiary init`: from nothing to a bank key in one command."""

from typing import Annotated

import typer

from ostiary.applications import service as applications
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.cli import show
from ostiary.cli.keys import AllowOption, ExpiresOption, new_application
from ostiary.cli.local.keys import as_pair
from ostiary.cli.session import OPERATOR, JsonFlag, writing
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.web.schemas import read_as


def init(
    organization: Annotated[str, typer.Option(help="Name of the organization to make.")],
    bank: Annotated[str, typer.Option(help="Name of its first bank.")],
    type: Annotated[BankType, typer.Option(help="Kind of the bank.")] = BankType.SANDBOX,  # noqa: A002 - the wire's name
    allow: AllowOption = None,
    expires_in: ExpiresOption = "90d",
    json: JsonFlag = False,
) -> None:
    """Make an organization, a bank and a bank key, all or none, and print the pair once."""
    with writing() as (house, db):
        owner = organizations.create(db, OPERATOR, read_as(NewOrganization, name=organization))
        made = banks.create(db, OPERATOR, owner.guid, usual_bank(bank, type))
        new = new_application(f"{bank} key"[:128], expires_in, allow)
        pair = applications.create_for_bank(db, OPERATOR, house.digester, made.guid, new)
    # Only now, committed and synced, does the secret leave.
    show.pair(as_pair(pair), {"organization_guid": owner.guid, "bank_guid": made.guid}, json_wanted=json)
