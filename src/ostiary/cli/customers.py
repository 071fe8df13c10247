"""`ostiary customers`."""

import json as json_text
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from ostiary.cli import show
from ostiary.cli.local.customers import LocalCustomers
from ostiary.cli.remote.customers import RemoteCustomers
from ostiary.cli.session import JsonFlag, fail, misused
from ostiary.cli.show import Facts
from ostiary.cli.ways import Ways, anywhere
from ostiary.customers.models import CustomerState, CustomerType
from ostiary.customers.personal import PersonalData
from ostiary.customers.queries import CustomerFilter
from ostiary.customers.schemas import CustomerChanges, NewCustomer
from ostiary.web.schemas import Sent, read_as

commands = typer.Typer(help="List, make and change customers.", no_args_is_help=True)

STANDARD_INPUT = "-"

Guid = Annotated[str, typer.Argument(help="The customer's guid.", metavar="GUID")]
PiiFlag = Annotated[bool, typer.Option("--pii", help="Show personal data too.")]


class Customers(Protocol):
    """What these commands ask for."""

    def listed(self, wanted: CustomerFilter, *, pii: bool) -> Iterable[Facts]: ...
    def get(self, guid: str, *, pii: bool) -> Facts: ...
    def create(self, bank_guid: str | None, new: Sent[NewCustomer]) -> Facts: ...
    def update(self, guid: str, sent: Sent[CustomerChanges]) -> Facts: ...


CUSTOMERS: Ways[Customers] = Ways(LocalCustomers, RemoteCustomers)


@commands.command("list")
@anywhere(CUSTOMERS)
def list_customers(
    customers: Customers,
    bank: Annotated[str | None, typer.Option(help="Only customers of this bank.")] = None,
    type: Annotated[CustomerType | None, typer.Option(help="Only customers of this type.")] = None,  # noqa: A002 - the wire's name
    label: Annotated[str | None, typer.Option(help="Only customers with this label.")] = None,
    pii: PiiFlag = False,
    json: JsonFlag = False,
) -> None:
    """Customers, the newest first."""
    wanted = CustomerFilter(_just(type), _just(bank), None, _just(label))
    columns = [
        "guid",
        "type",
        "state",
        "bank_guid",
        "labels",
        "created_at",
        *(["name", "email_address"] if pii else []),
    ]
    nothing = "There is no such customer. Make one with: ostiary customers create --bank GUID --type individual"
    show.rows(customers.listed(wanted, pii=pii), columns, nothing, json_wanted=json)


@commands.command("show")
@anywhere(CUSTOMERS)
def show_customer(customers: Customers, guid: Guid, pii: PiiFlag = False, json: JsonFlag = False) -> None:
    """One customer, without personal data unless it is asked for."""
    show.facts(customers.get(guid, pii=pii), json_wanted=json)


@commands.command("create")
@anywhere(CUSTOMERS)
def create_customer(
    customers: Customers,
    type: Annotated[CustomerType, typer.Option(help="Kind of the customer.")],  # noqa: A002 - the wire's name
    bank: Annotated[
        str | None, typer.Option(help="Guid of the bank; left out: the only one, or that of the token.")
    ] = None,
    labels: Annotated[list[str] | None, typer.Option("--label", help="A tag of your own; repeatable.")] = None,
    personal_data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Name, address and so on as a JSON object, as the API takes them; - reads them from standard input.",
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Make a customer in a bank."""
    person = {} if personal_data is None else _personal_data(personal_data)
    new = read_as(NewCustomer, type=type, labels=labels or None, **person)
    show.facts(customers.create(bank, new), json_wanted=json)


@commands.command("update")
@anywhere(CUSTOMERS)
def update_customer(
    customers: Customers,
    guid: Guid,
    state: Annotated[CustomerState, typer.Option(help="`unverified` is the only one that can be set.")],
    json: JsonFlag = False,
) -> None:
    """Set a customer's state back, so that it has to be verified anew."""
    show.facts(customers.update(guid, read_as(CustomerChanges, state=state)), json_wanted=json)


def _personal_data(place: str) -> dict[str, Any]:
    """From a file, because arguments show in lists of processes and in histories."""
    try:
        text = sys.stdin.read() if place == STANDARD_INPUT else Path(place).read_text(encoding="utf-8")
        found = json_text.loads(text)
    except OSError as error:
        fail(f"{show.clean(place)} cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        found = None
    # Without a word of what it holds.
    if not isinstance(found, dict):
        misused('--personal-data takes a JSON object, like {"name": {"first": "…", "last": "…"}}')
    strange = found.keys() - PersonalData.model_fields.keys()
    if strange:
        misused(f"--personal-data knows {', '.join(PersonalData.model_fields)} and nothing else")
    return found


def _just(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)
