"""Dashboard page of the organization: what it is called, and its guid."""

from ostiary.access.scopes import Scope
from ostiary.organizations import service
from ostiary.organizations.schemas import OrganizationChanges
from ostiary.web.pages import Go, Pages, View, Visit

PATH = "/settings"

pages = Pages()


@pages.get(PATH)
def settings(visit: Visit) -> View:
    organization = service.get(visit.db, visit.actor, visit.person.organization_guid)
    return View(
        "organizations/settings.html",
        here="settings",
        organization=organization,
        form=visit.form.or_usual(name=organization.name),
        may_rename=visit.actor.may(Scope.ORGANIZATIONS_WRITE),
    )


@pages.post(PATH, again=settings)
def rename(visit: Visit) -> Go:
    visit.must_be_meant_here()
    sent = visit.form.read_as(OrganizationChanges)
    guid, seen_name = visit.person.organization_guid, visit.form.value("name_seen")
    service.update(visit.db, visit.actor, guid, sent, seen_name=seen_name)
    return Go(visit.link(PATH), done="organization-renamed")
