"""JSON routes of applications: organization keys and bank keys, to list and to get."""

from typing import Annotated

from fastapi import APIRouter, Query

from ostiary.applications import service
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import ApplicationOut
from ostiary.web.paging import FIRST_PAGE, USUAL_SIZE, ListOut, PageNumber, PageSize
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute

router = APIRouter(prefix="/api", tags=["applications"], route_class=UnitOfWorkRoute)

BankGuid = Annotated[str | None, Query(max_length=32, pattern=r"^[^\x00]*$")]


@router.get("/organization_applications")
def list_organization_applications(
    db: Db, actor: Asking, page: PageNumber = FIRST_PAGE, per_page: PageSize = USUAL_SIZE
) -> ListOut[ApplicationOut]:
    """Newest first, without secrets. Needs an organization token with `organizations:read`."""
    found = service.page(db, actor, ApplicationKind.ORGANIZATION, None, page, per_page)
    return ListOut[ApplicationOut].of(found, ApplicationOut.of)


@router.get("/organization_applications/{client_id}")
def get_organization_application(db: Db, actor: Asking, client_id: str) -> ApplicationOut:
    """By client id or guid. Needs an organization token with `organization_applications:read`."""
    return ApplicationOut.of(service.get(db, actor, ApplicationKind.ORGANIZATION, client_id))


@router.get("/bank_applications")
def list_bank_applications(
    db: Db,
    actor: Asking,
    page: PageNumber = FIRST_PAGE,
    per_page: PageSize = USUAL_SIZE,
    bank_guid: BankGuid = None,
) -> ListOut[ApplicationOut]:
    """Newest first, without secrets; `bank_guid` narrows an organization's list. Needs `banks:read`."""
    found = service.page(db, actor, ApplicationKind.BANK, bank_guid, page, per_page)
    return ListOut[ApplicationOut].of(found, ApplicationOut.of)


@router.get("/bank_applications/{client_id}")
def get_bank_application(db: Db, actor: Asking, client_id: str) -> ApplicationOut:
    """By client id or guid. Needs `bank_applications:read`."""
    return ApplicationOut.of(service.get(db, actor, ApplicationKind.BANK, client_id))
