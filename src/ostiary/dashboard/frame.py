"""What surrounds every page: the banks to choose from, the organizations of the person, the tab that is marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.banks.queries import BankFilter
from ostiary.organizations.models import Organization
from ostiary.users import queries as users
from ostiary.web.pages import BANK, Visit

# More than anybody picks from by eye; the page of banks finds the others.
MOST_BANKS = 200


@dataclass(frozen=True)
class Frame:
    organizations: Sequence[Organization]
    banks: Sequence[Bank]
    # How many there are in all.
    bank_count: int
    # The selected one, or None for all.
    bank: Bank | None
    here: str


def frame_of(visit: Visit, here: str) -> Frame:
    offered = banks.page(visit.db, visit.actor, BankFilter(), 0, MOST_BANKS)
    return Frame(
        organizations=[organization for _, organization in users.by_user(visit.db, visit.person.user_guid)],
        banks=offered.objects,
        bank_count=offered.total,
        bank=selected_bank(visit, offered.objects),
        here=here,
    )


def selected_bank(visit: Visit, offered: Sequence[Bank]) -> Bank | None:
    wanted = visit.parameter(BANK)
    if not wanted:
        return None
    for bank in offered:
        if bank.guid == wanted:
            return bank
    return banks.find(visit.db, visit.actor, wanted)
