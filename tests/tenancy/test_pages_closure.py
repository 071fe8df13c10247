"""Every page is visited with its names, rows read and rows written compared with whose they are."""

from tests.pages.rows import ROWS
from tests.tenancy.choices import Named, Relation
from tests.tenancy.page_cast import PageCast, canary
from tests.tenancy.page_rules import DOCTOR, SELECTION, PageVisitors
from tests.tenancy.page_walk import ROUTES


def test_visits_every_page_there_is(page_cast: PageCast) -> None:
    PageVisitors.cast = page_cast
    own, owner = Named(Relation.OWN, 0), canary("Owner", "acme")
    for row in ROWS:
        visitors = PageVisitors()
        if row is DOCTOR:
            visitors.ask_doctor(owner, 0)
        elif row is SELECTION:
            visitors.select_organization(owner, own)
        else:
            visitors._go(owner, row, own, None, own)
    missing = sorted(ROUTES.keys() - page_cast.asked)
    assert not missing, (
        f"{missing}: no rule goes there; add a Row to tests/pages/rows.py, and if it is about something new, "
        "say in tests/tenancy/page_things.py where that is found"
    )
