"""What can be done with organizations."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.crypto import guids
from ostiary.errors import Forbidden, Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.organizations import queries
from ostiary.organizations.models import Organization
from ostiary.organizations.schemas import NewOrganization, OrganizationChanges
from ostiary.web.schemas import Sent

MEANWHILE = "Somebody else changed this meanwhile. What you typed is still here: save again to put it in place."


def create(db: Session, actor: Actor, sent: Sent[NewOrganization]) -> Organization:
    # No token speaks for a person without an organization, so no program can make one, whatever its scopes.
    actor.must(Scope.ORGANIZATIONS_WRITE, Subject.USER)
    if actor.organization_guid:
        raise Forbidden(
            "forbidden", "You belong to an organization already; its server's operator can make another one"
        )
    organization = Organization(guid=guids.new(), name=sent.read().name)
    db.add(organization)
    record(
        db,
        actor,
        EventType.ORGANIZATION_CREATED,
        organization.guid,
        organization_guid=organization.guid,
        name=organization.name,
    )
    return organization


def get(db: Session, actor: Actor, guid: str) -> Organization:
    actor.must(Scope.ORGANIZATIONS_READ, Subject.ORGANIZATION, Subject.USER)
    return queries.get(db, actor, guid)


def update(
    db: Session, actor: Actor, guid: str, sent: Sent[OrganizationChanges], *, seen_name: str = ""
) -> Organization:
    """Give it another name; with `seen_name`, only as long as nobody else gave it one meanwhile."""
    actor.must(Scope.ORGANIZATIONS_WRITE, Subject.ORGANIZATION, Subject.USER)
    organization = queries.get_to_change(db, actor, guid)
    changes = sent.read()
    if changes.name not in {None, seen_name, organization.name}:
        if seen_name not in {"", organization.name}:
            raise Invalid("conflict", MEANWHILE, status=409, field="name")
        before, organization.name = organization.name, changes.name
        record(
            db,
            actor,
            EventType.ORGANIZATION_UPDATED,
            organization.guid,
            organization_guid=organization.guid,
            name=[before, organization.name],
        )
    return organization
