"""Step 3 of the guided start: a first key pair for the bank that was just made."""

from ostiary.applications import inspection, key_form
from ostiary.applications.generation import generate, shown_once
from ostiary.applications.models import ApplicationKind
from ostiary.applications.new_key_pages import already_shown
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.banks.queries import BankFilter
from ostiary.dashboard import progress
from ostiary.web import one_time_forms
from ostiary.web.pages import Go, Pages, View, Visit

pages = Pages()


@pages.get("/start/keys")
def first_key(visit: Visit) -> View | Go:
    made = inspection.made_by(visit.db, visit.actor, visit.form.value("word"))
    if made is not None:
        return already_shown(made)
    bank = newest_bank(visit)
    if bank is None or progress.of(visit) is not progress.Step.KEYS:
        return Go("/")
    return View(
        "dashboard/start_keys.html",
        bank=bank,
        is_production=bank.is_production,
        form=key_form.fresh(visit.form, bank.name, visit.now),
        word=one_time_forms.word_for(visit.form),
    )


@pages.post("/start/keys", again=first_key)
def generate_first_key(visit: Visit) -> View:
    bank = newest_bank(visit)
    pair = generate(visit, ApplicationKind.BANK, bank.guid if bank else "")
    return View("dashboard/start_pair.html", **shown_once(visit, pair))


def newest_bank(visit: Visit) -> Bank | None:
    found = banks.page(visit.db, visit.actor, BankFilter(), 0, 1).objects
    return found[0] if found else None
