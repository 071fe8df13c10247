"""Dashboard page of all keys: the Developers tab."""

from ostiary.access.actor import Actor
from ostiary.applications import inspection
from ostiary.applications.models import ApplicationKind, ApplicationStatus
from ostiary.applications.queries import ENDING, KeyFilter
from ostiary.applications.rights import rights
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.web.forms import Form
from ostiary.web.pages import BANK, Pages, View, Visit

PATH = "/developers"
STATUSES = {
    ApplicationStatus.ACTIVE: "Active",
    ENDING: "Expires soon",
    ApplicationStatus.PAUSED: "Paused",
    ApplicationStatus.EXPIRED: "Expired",
    ApplicationStatus.REVOKED: "Revoked",
}
KINDS = {ApplicationKind.BANK: "Bank keys", ApplicationKind.ORGANIZATION: "Organization keys"}

pages = Pages()


@pages.get(PATH)
def list_keys(visit: Visit) -> View:
    bank = _selected_bank(visit)
    wanted = KeyFilter(
        kind=_one_of(KINDS, visit.parameter("kind")) if bank is None else "",
        bank_guid=bank.guid if bank else "",
        status=_one_of(STATUSES, visit.parameter("status")),
        search=visit.parameter("search").strip(),
    )
    before = visit.parameter("before")
    listed = inspection.page(visit.db, visit.actor, wanted, visit.now, before)
    query = {name: value for name, value in vars(wanted).items() if value and name != "bank_guid"}
    return View(
        "applications/keys.html",
        here="developers",
        listed=listed,
        wanted=wanted,
        bank=bank,
        statuses=STATUSES,
        kinds=KINDS,
        form=Form.of(**query),
        older=visit.link(PATH, **query, before=listed.older_than) if listed.older_than else "",
        newest=visit.link(PATH, **query) if before else "",
        may_generate=may_generate(visit.actor),
    )


def may_generate(actor: Actor) -> bool:
    """Whether there is any place in which this person could make a key."""
    return any(rights(actor, kind, is_production=False).generate for kind in ApplicationKind)


def _selected_bank(visit: Visit) -> Bank | None:
    guid = visit.parameter(BANK)
    return banks.find(visit.db, visit.actor, guid) if guid else None


def _one_of(offered: dict[str, str] | dict[ApplicationKind, str], word: str) -> str:
    return word if word in offered else ""
