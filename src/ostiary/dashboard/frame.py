"""What surrounds every page: the banks to choose from, the organizations of the person, the tab that is marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.banks import queries as banks
from ostiary.banks.queries import Choice
from ostiary.organizations.models import Organization
from ostiary.users import queries as users
from ostiary.web.pages import BANK, Visit

# About as many as the list shows at once and somebody picks from by eye; typing finds the others.
MOST_BANKS = 20


@dataclass(frozen=True)
class Frame:
    organizations: Sequence[Organization]
    # The newest, and the selected one wherever it stands.
    banks: Sequence[Choice]
    has_more_banks: bool
    # The selected one, or None for all.
    bank: Choice | None
    here: str


def frame_of(visit: Visit, here: str) -> Frame:
    found = banks.choices(visit.db, visit.actor, MOST_BANKS + 1)
    bank = selected_bank(visit, found)
    offered = found[:MOST_BANKS]
    return Frame(
        organizations=[organization for _, organization in users.by_user(visit.db, visit.person.user_guid)],
        banks=[bank, *offered] if bank and bank not in offered else offered,
        has_more_banks=len(found) > MOST_BANKS,
        bank=bank,
        here=here,
    )


def selected_bank(visit: Visit, offered: Sequence[Choice]) -> Choice | None:
    wanted = visit.parameter(BANK)
    if not wanted:
        return None
    for bank in offered:
        if bank.guid == wanted:
            return bank
    return banks.find_choice(visit.db, visit.actor, wanted)
