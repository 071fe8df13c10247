"""JSON routes of organizations."""

from typing import Annotated

from fastapi import APIRouter, Body

from ostiary.organizations import service
from ostiary.organizations.schemas import OrganizationChanges, OrganizationOut
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute
from ostiary.web.schemas import Sent

router = APIRouter(prefix="/api/organizations", tags=["organizations"], route_class=UnitOfWorkRoute)


@router.get("/{organization_guid}")
def get_organization(db: Db, actor: Asking, organization_guid: str) -> OrganizationOut:
    """Needs an organization token with `organizations:read`."""
    return OrganizationOut.of(service.get(db, actor, organization_guid))


@router.patch("/{organization_guid}")
def update_organization(
    db: Db, actor: Asking, organization_guid: str, sent: Annotated[Sent[OrganizationChanges], Body()]
) -> OrganizationOut:
    """Needs an organization token with `organizations:write`."""
    return OrganizationOut.of(service.update(db, actor, organization_guid, sent))
