"""How far the guided start has come: read from what exists, so leaving and coming back cannot lose it."""

from enum import IntEnum

from ostiary.access.scopes import Scope
from ostiary.applications import queries as applications
from ostiary.banks import queries as banks
from ostiary.banks.queries import BankFilter
from ostiary.web.pages import Visit


class Step(IntEnum):
    ORGANIZATION = 1
    BANK = 2
    KEYS = 3
    DONE = 4


def of(visit: Visit) -> Step:
    """The next step; whoever may not take it is done."""
    if not visit.person.organization_guid:
        return Step.ORGANIZATION
    found = banks.page(visit.db, visit.actor, BankFilter(), 0, 1)
    if not found.total:
        return Step.BANK if visit.actor.may(Scope.BANKS_EXECUTE) else Step.DONE
    if applications.has_any(visit.db, visit.actor) or not visit.actor.may(Scope.BANK_APPLICATIONS_EXECUTE):
        return Step.DONE
    return Step.KEYS
