"""Every SELECT on customers."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from ostiary.access.actor import Actor, Subject
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers.models import Customer, CustomerLabel
from ostiary.db.pages import Page, read_page
from ostiary.db.stretches import Stretch, read_stretch
from ostiary.errors import NotFound

NEWEST_FIRST = (Customer.created_at.desc(), Customer.guid.desc())


@dataclass(frozen=True)
class CustomerFilter:
    types: tuple[str, ...] | None = None
    bank_guids: tuple[str, ...] | None = None
    guids: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CustomerSearch:
    """What somebody looks for on a page; empty means all."""

    type: str = ""
    bank_guid: str = ""
    guid: str = ""


def visible_to(actor: Actor) -> Select[Customer]:
    """Customers of the banks the actor sees; a customer sees nobody else."""
    everything = select(Customer).options(selectinload(Customer.labels))
    match actor.subject:
        case Subject.OPERATOR:
            return everything
        case Subject.ORGANIZATION | Subject.USER:
            return everything.where(Customer.organization_guid == actor.organization_guid)
        case Subject.BANK:
            return everything.where(Customer.bank_guid == actor.bank_guid)
        case Subject.CUSTOMER:
            return everything.where(Customer.guid == actor.customer_guid, Customer.bank_guid == actor.bank_guid)


def visible_in(actor: Actor, bank_guid: str) -> Select[Customer]:
    """Customers of one bank, if the actor sees it."""
    # Not as a filter of `visible_to`: with two conditions a database may choose the index of the wrong one.
    bank = banks.visible_to(actor).where(Bank.guid == bank_guid).with_only_columns(Bank.guid)
    rows = select(Customer).where(Customer.bank_guid == bank.scalar_subquery())
    return rows.options(selectinload(Customer.labels))


def find(db: Session, actor: Actor, guid: str) -> Customer | None:
    return db.scalar(visible_to(actor).where(Customer.guid == guid))


def get(db: Session, actor: Actor, guid: str) -> Customer:
    found = find(db, actor, guid)
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


def newest(db: Session, actor: Actor, wanted: CustomerSearch, *, before: str, size: int) -> Stretch[Customer]:
    rows = visible_in(actor, wanted.bank_guid) if wanted.bank_guid else visible_to(actor)
    if wanted.type:
        rows = rows.where(Customer.type == wanted.type)
    if wanted.guid:
        rows = rows.where(Customer.guid == wanted.guid)
    return read_stretch(db, rows, Customer, find(db, actor, before) if before else None, size)


def by_guid(db: Session, guid: str) -> Customer | None:
    """For work an event started: there is no actor any more, the event names the customer."""
    return db.scalar(select(Customer).where(Customer.guid == guid))
