"""Organizations of the local database."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from ostiary.cli import facts, show
from ostiary.cli.session import OPERATOR, fail, reading, writing
from ostiary.cli.show import Facts
from ostiary.organizations import queries, service
from ostiary.organizations.models import Organization
from ostiary.organizations.schemas import NewOrganization, OrganizationChanges, OrganizationOut
from ostiary.web.schemas import Sent


class LocalOrganizations:
    def listed(self) -> Iterator[Facts]:
        with reading() as db:
            yield from map(organization_facts, queries.all_of(db, OPERATOR))

    def create(self, new: Sent[NewOrganization]) -> Facts:
        with writing() as (_, db):
            return organization_facts(service.create(db, OPERATOR, new))

    def get(self, guid: str | None) -> Facts:
        with reading() as db:
            return organization_facts(service.get(db, OPERATOR, guid or only_organization(db, "GUID")))

    def update(self, guid: str | None, sent: Sent[OrganizationChanges]) -> Facts:
        with writing() as (_, db):
            return organization_facts(service.update(db, OPERATOR, guid or only_organization(db, "GUID"), sent))


def organization_facts(one: Organization) -> Facts:
    return show.as_facts(OrganizationOut.of(one), facts.ORGANIZATION, closed_at=show.on_the_wire(one.closed_at))


def only_organization(db: Session, option: str = "--organization GUID") -> str:
    found = queries.all_of(db, OPERATOR)
    if len(found) != 1:
        fail(f"There are {len(found)} organizations: name one with {option}")
    return found[0].guid
