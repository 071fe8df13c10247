"""What callers send and get about organizations."""

from typing import Self

from ostiary.organizations.models import Organization
from ostiary.web.schemas import Body, GuidText, NameText, Out, WireMoment


class NewOrganization(Body):
    name: NameText


class OrganizationChanges(Body):
    name: NameText | None = None


class OrganizationOut(Out):
    guid: GuidText
    name: str
    created_at: WireMoment
    updated_at: WireMoment

    @classmethod
    def of(cls, organization: Organization) -> Self:
        return cls(
            guid=organization.guid,
            name=organization.name,
            created_at=organization.created_at,
            updated_at=organization.updated_at,
        )
