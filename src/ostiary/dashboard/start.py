"""Steps 1 and 2 of the guided start: the organization's name, and its first bank."""

from ostiary.access.scopes import Scope
from ostiary.banks import bank_form
from ostiary.banks import queries as banks
from ostiary.dashboard import progress
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.users import entry, session
from ostiary.users import queries as users
from ostiary.web.pages import Go, Outcome, Pages, SignedOut, View, Visit, Who

START = "/start"
ORGANIZATION = f"{START}/organization"
BANK = f"{START}/bank"
KEYS = f"{START}/keys"
OVERVIEW = "/overview"

pages = Pages()


@pages.get(START, who=Who.PERSON)
def start(visit: Visit) -> Outcome:
    """The step that is next."""
    match progress.of(visit):
        case progress.Step.ORGANIZATION:
            return name_organization(visit)
        case progress.Step.BANK:
            return create_bank(visit)
        case progress.Step.KEYS:
            return Go(KEYS)
        case _:
            return Go(OVERVIEW)


@pages.get(ORGANIZATION, who=Who.PERSON)
def name_organization(visit: Visit) -> View:
    if visit.person.organization_guid:
        return View("dashboard/start_named.html", next_path=START)
    if not visit.actor.may(Scope.ORGANIZATIONS_WRITE):
        return View("dashboard/start_waiting.html")
    return View("dashboard/start_organization.html")


@pages.post(ORGANIZATION, who=Who.PERSON, again=name_organization)
def found_organization(visit: Visit) -> Go:
    """Whoever names an organization owns it; two tabs name one organization."""
    # On PostgreSQL two that arrive at once would not see each other.
    visit.store.serialize(visit.db)
    founder = users.by_guid(visit.db, visit.person.user_guid)
    if founder is None:
        raise SignedOut
    if users.by_user(visit.db, founder.guid):
        return Go(ORGANIZATION)
    organization = organizations.create(visit.db, visit.actor, visit.form.read_as(NewOrganization))
    visit.db.flush()  # the membership and the session name the organization
    entry.found(visit.db, founder, organization.guid, visit.address)
    session.look_at(visit.db, visit.person, organization.guid)
    return Go(START)


@pages.get(BANK)
def create_bank(visit: Visit) -> View | Go:
    first = banks.newest(visit.db, visit.actor, "", before="", size=1).rows
    if first:
        return View("dashboard/start_banked.html", bank=first[0], next_path=START)
    if progress.of(visit) is not progress.Step.BANK:
        return Go(OVERVIEW)
    return View("dashboard/start_bank.html", **bank_form.offered(visit))


@pages.post(BANK, again=create_bank)
def create_first_bank(visit: Visit) -> Go:
    visit.store.serialize(visit.db)
    if progress.of(visit) is not progress.Step.BANK:
        return Go(BANK)
    bank_form.create(visit)
    return Go(KEYS)
