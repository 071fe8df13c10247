"""Every SELECT on customers."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from ostiary.access.actor import Actor
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers.models import Customer, CustomerLabel
from ostiary.db.pages import Page, read_page
from ostiary.errors import NotFound

NEWEST_FIRST = (Customer.created_at.desc(), Customer.guid.desc())


@dataclass(frozen=True)
class CustomerFilter:
    types: tuple[str, ...] | None = None
    bank_guids: tuple[str, ...] | None = None
    guids: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None


def visible_to(actor: Actor) -> Select[Customer]:
    """Customers of the banks the actor sees."""
    its_banks = banks.visible_to(actor).with_only_columns(Bank.guid)
    return select(Customer).where(Customer.bank_guid.in_(its_banks)).options(selectinload(Customer.labels))


def get(db: Session, actor: Actor, guid: str) -> Customer:
    found = db.scalar(visible_to(actor).where(Customer.guid == guid))
    if found is None:
        raise NotFound("customer")
    return found


def page(db: Session, actor: Actor, wanted: CustomerFilter, page: int, per_page: int) -> Page[Customer]:
    rows = visible_to(actor)
    if wanted.types is not None:
        rows = rows.where(Customer.type.in_(wanted.types))
    if wanted.bank_guids is not None:
        rows = rows.where(Customer.bank_guid.in_(wanted.bank_guids))
    if wanted.guids is not None:
        rows = rows.where(Customer.guid.in_(wanted.guids))
    if wanted.labels is not None:
        labelled = select(CustomerLabel.customer_guid).where(CustomerLabel.label.in_(wanted.labels))
        rows = rows.where(Customer.guid.in_(labelled))
    return read_page(db, rows, NEWEST_FIRST, page, per_page)


def by_guid(db: Session, guid: str) -> Customer | None:
    """For work an event started: there is no actor any more, the event names the customer."""
    return db.scalar(select(Customer).where(Customer.guid == guid))
