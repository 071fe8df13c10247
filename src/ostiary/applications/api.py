"""JSON routes of applications: organization keys and bank keys."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from ostiary.applications import by_program, service
from ostiary.applications.credentials import Digester
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import (
    ApplicationChanges,
    ApplicationOut,
    ApplicationWithSecretOut,
    NewApplication,
    NewBankApplication,
)
from ostiary.web.idempotency import Once
from ostiary.web.paging import FIRST_PAGE, USUAL_SIZE, ListOut, PageNumber, PageSize
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute
from ostiary.web.schemas import Sent

router = APIRouter(prefix="/api", tags=["applications"], route_class=UnitOfWorkRoute)

BankGuid = Annotated[str | None, Query(max_length=32, pattern=r"^[^\x00]*$")]


@router.get("/organization_applications")
def list_organization_applications(
    db: Db, actor: Asking, page: PageNumber = FIRST_PAGE, per_page: PageSize = USUAL_SIZE
) -> ListOut[ApplicationOut]:
    """Newest first, without secrets. Needs `organizations:read`, of an organization or a person."""
    found = service.page(db, actor, ApplicationKind.ORGANIZATION, None, page, per_page)
    return ListOut[ApplicationOut].of(found, ApplicationOut.of)


@router.post("/organization_applications", status_code=201)
def create_organization_application(
    db: Db, actor: Asking, digester: Digester, once: Once, sent: Annotated[Sent[NewApplication], Body()]
) -> ApplicationWithSecretOut:
    """The secret is in this answer and nowhere else. Needs a person's `organization_applications:execute`."""
    pair = by_program.create_for_organization(db, actor, digester, sent, once)
    return ApplicationWithSecretOut.with_secret(pair.application, pair.secret)


@router.get("/organization_applications/{client_id}")
def get_organization_application(db: Db, actor: Asking, client_id: str) -> ApplicationOut:
    """By client id or guid. Needs `organization_applications:read`, of an organization or a person."""
    return ApplicationOut.of(service.get(db, actor, ApplicationKind.ORGANIZATION, client_id))


@router.patch("/organization_applications/{client_id}")
def update_organization_application(
    db: Db, actor: Asking, client_id: str, sent: Annotated[Sent[ApplicationChanges], Body()]
) -> ApplicationOut:
    """By client id or guid. Issued tokens obey a new list at once.

    Needs a person's `organization_applications:write`.
    """
    return ApplicationOut.of(by_program.update(db, actor, ApplicationKind.ORGANIZATION, client_id, sent))


@router.delete("/organization_applications/{client_id}", status_code=204)
def delete_organization_application(db: Db, actor: Asking, client_id: str) -> None:
    """By client id or guid. The key and its tokens are refused at once, for good.

    Needs a person's `organization_applications:execute`.
    """
    by_program.delete(db, actor, ApplicationKind.ORGANIZATION, client_id)


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


@router.post("/bank_applications", status_code=201)
def create_bank_application(
    db: Db, actor: Asking, digester: Digester, once: Once, sent: Annotated[Sent[NewBankApplication], Body()]
) -> ApplicationWithSecretOut:
    """The secret is in this answer and nowhere else. A production bank's key needs `ip_allowlist`.

    Needs a person's `bank_applications:execute`.
    """
    pair = by_program.create_for_bank(db, actor, digester, sent, once)
    return ApplicationWithSecretOut.with_secret(pair.application, pair.secret)


@router.get("/bank_applications/{client_id}")
def get_bank_application(db: Db, actor: Asking, client_id: str) -> ApplicationOut:
    """By client id or guid. Needs `bank_applications:read`."""
    return ApplicationOut.of(service.get(db, actor, ApplicationKind.BANK, client_id))


@router.patch("/bank_applications/{client_id}")
def update_bank_application(
    db: Db, actor: Asking, client_id: str, sent: Annotated[Sent[ApplicationChanges], Body()]
) -> ApplicationOut:
    """By client id or guid. Issued tokens obey a new list at once.

    Needs a person's `bank_applications:write`.
    """
    return ApplicationOut.of(by_program.update(db, actor, ApplicationKind.BANK, client_id, sent))


@router.delete("/bank_applications/{client_id}", status_code=204)
def delete_bank_application(db: Db, actor: Asking, client_id: str) -> None:
    """By client id or guid. The key and its tokens are refused at once, for good.

    Needs a person's `bank_applications:execute`.
    """
    by_program.delete(db, actor, ApplicationKind.BANK, client_id)
