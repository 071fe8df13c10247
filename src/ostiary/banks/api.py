"""JSON routes of banks."""

from typing import Annotated

from fastapi import APIRouter, Body

from ostiary.banks import service
from ostiary.banks.models import BankType
from ostiary.banks.queries import BankFilter
from ostiary.banks.schemas import BankChanges, BankOut, NewBank
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

router = APIRouter(prefix="/api/banks", tags=["banks"], route_class=UnitOfWorkRoute)


@router.get("")
def list_banks(
    db: Db,
    actor: Asking,
    page: PageNumber = FIRST_PAGE,
    per_page: PageSize = USUAL_SIZE,
    type: ListText = None,  # noqa: A002 - the wire's name
    guid: ListText = None,
) -> ListOut[BankOut]:
    """Newest first. An organization token sees all its banks, a bank token its own. Needs `banks:read`."""
    wanted = BankFilter(split_choices(type, "type", BankType), split_list(guid, "guids"))
    return ListOut[BankOut].of(service.page(db, actor, wanted, page, per_page), BankOut.of)


@router.post("", status_code=201)
def create_bank(db: Db, actor: Asking, once: Once, sent: Annotated[Sent[NewBank], Body()]) -> BankOut:
    """Makes a sandbox bank. Needs an organization token with `banks:execute`."""
    return BankOut.of(service.create(db, actor, actor.organization_guid, sent, once=once))


@router.get("/{bank_guid}")
def get_bank(db: Db, actor: Asking, bank_guid: str) -> BankOut:
    """Needs `banks:read`."""
    return BankOut.of(service.get(db, actor, bank_guid))


@router.patch("/{bank_guid}")
def update_bank(db: Db, actor: Asking, bank_guid: str, sent: Annotated[Sent[BankChanges], Body()]) -> BankOut:
    """Type, country, fiat asset and features stay as they were made. Needs `banks:write`."""
    return BankOut.of(service.update(db, actor, bank_guid, sent))
