"""JSON routes of customers."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from ostiary.crypto.sealing import Seal
from ostiary.customers import service
from ostiary.customers.models import Customer, CustomerType
from ostiary.customers.queries import CustomerFilter
from ostiary.customers.schemas import CustomerChanges, CustomerOut, NewCustomer
from ostiary.web.idempotency import Once
from ostiary.web.paging import (
    FIRST_PAGE,
    USUAL_SIZE,
    ListOut,
    ListText,
    PageNumber,
    PageSize,
    split_choices,
    split_list,
)
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute
from ostiary.web.schemas import Sent

router = APIRouter(prefix="/api/customers", tags=["customers"], route_class=UnitOfWorkRoute)

IncludePii = Annotated[bool, Query(description="Personal data too; needs `customers:pii:read` in addition.")]


@router.get("")
def list_customers(
    db: Db,
    actor: Asking,
    seal: Seal,
    page: PageNumber = FIRST_PAGE,
    per_page: PageSize = USUAL_SIZE,
    type: ListText = None,  # noqa: A002 - the wire's name
    bank_guid: ListText = None,
    guid: ListText = None,
    label: ListText = None,
    include_pii: IncludePii = False,
) -> ListOut[CustomerOut]:
    """Newest first. A bank token lists its bank and ignores `bank_guid`. Needs `customers:read`."""
    wanted = CustomerFilter(
        split_choices(type, "type", CustomerType),
        split_list(bank_guid, "bank guids"),
        split_list(guid, "guids"),
        split_list(label, "labels"),
    )
    found = service.page(db, actor, wanted, page, per_page, include_pii=include_pii)

    def show(customer: Customer) -> CustomerOut:
        return CustomerOut.of(customer, service.personal_data(actor, seal, customer) if include_pii else None)

    return ListOut[CustomerOut].of(found, show)


@router.post("", status_code=201)
def create_customer(
    db: Db, actor: Asking, seal: Seal, once: Once, sent: Annotated[Sent[NewCustomer], Body()]
) -> CustomerOut:
    """In the token's bank; `storing` first, `unverified` soon. Needs a bank token with `customers:execute`."""
    return CustomerOut.of(service.create(db, actor, seal, sent, once))


@router.get("/{customer_guid}")
def get_customer(db: Db, actor: Asking, seal: Seal, customer_guid: str, include_pii: IncludePii = False) -> CustomerOut:
    """Needs `customers:read`."""
    customer = service.get(db, actor, customer_guid, include_pii=include_pii)
    return CustomerOut.of(customer, service.personal_data(actor, seal, customer) if include_pii else None)


@router.patch("/{customer_guid}")
def update_customer(
    db: Db, actor: Asking, customer_guid: str, sent: Annotated[Sent[CustomerChanges], Body()]
) -> CustomerOut:
    """Sets the state back to `unverified`. Needs `customers:write`."""
    return CustomerOut.of(service.update(db, actor, customer_guid, sent))
