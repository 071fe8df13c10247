"""A person of one organization never sees or changes another's anything: random walks through all pages."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.pages.rows import ROWS
from tests.tenancy.choices import Named, Relation
from tests.tenancy.page_cast import GUEST, PageCast, Tally, canary
from tests.tenancy.page_rules import DOCTOR, PageVisitors
from tests.tenancy.page_walk import ROUTES, SELECTION
from tests.tenancy.walks import USUAL, walk

# Whatever a page asks for is asked of both databases by the walk through the API and by the tests of the slices.
pytestmark = pytest.mark.any_database

OWNER = canary("Owner", "acme")
GUESTS = {"POST /join/{word}/acceptance", "POST /start/organization"}
# What no walk gets to: it has no such link.
OUTSIDE = {
    *("GET /set-up/{word}", "POST /set-up/{word}", "GET /new-password/{word}", "POST /new-password/{word}"),
    "POST /join/{word}",
}
# What changes nothing, or nothing but sessions of one's own.
UNSEEN = {
    *("POST /theme", "POST /token-doctor", "POST /organizations/selection"),
    # Its organization has banks already.
    "POST /start/bank",
}
HINT = (
    "add a Row to tests/pages/rows.py, and if it is about something new, "
    "say in tests/tenancy/page_things.py where that is found"
)


# Many short walks begin often and end everywhere; long ones get far from where they began.
@pytest.mark.parametrize("walk_steps", [15, 60])
def test_keeps_everybody_inside_their_organization(
    page_cast: PageCast, count: Callable[[int, int], int], walk_steps: int
) -> None:
    walk(PageVisitors, page_cast, count(150, 10_000), settings(USUAL, stateful_step_count=walk_steps))


def test_visits_every_page_there_is(page_cast: PageCast) -> None:
    PageVisitors.cast, page_cast.tally = page_cast, Tally()
    for row in ROWS:
        visitors, name = PageVisitors(), GUEST if row.route in GUESTS else OWNER
        # What is foreign comes first, because it leaves everything as it was.
        for named in (Named(Relation.FOREIGN, 0), Named(Relation.OWN, 0)):
            if row is DOCTOR:
                visitors.ask_doctor(name, 0)
            elif row is SELECTION:
                visitors.select_organization(name, named)
            else:
                visitors.visit(name, row, named, None, named)
    tally = page_cast.tally
    posts = {route for route in ROUTES if route.startswith("POST ")}
    owned = {row.route for row in ROWS if row.about and not row.about.endswith(("link", "code"))}
    assert ROUTES.keys() - tally.done == OUTSIDE, f"nobody gets there: {HINT}"
    assert posts - tally.effective == OUTSIDE & posts | UNSEEN, f"nothing happens there: {HINT}"
    assert owned - tally.denied == set(), f"nobody was told that there is no such thing: {HINT}"
