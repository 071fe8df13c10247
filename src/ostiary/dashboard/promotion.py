"""Dashboard page on which an owner switches a bank to production: it says first what will come of it."""

import datetime as dt

from ostiary.applications import outcomes
from ostiary.banks import service as banks
from ostiary.dashboard import queries
from ostiary.web.pages import Go, Pages, View, Visit

PATH = "/banks/{guid}/promotion"
# More keys than anybody reads through; their number is told as well.
MOST_NAMED = 50

pages = Pages()


@pages.get(PATH)
def before_promotion(visit: Visit) -> View:
    owners_may = visit.settings.owners_may_promote
    bank = banks.to_promote(visit.db, visit.actor, visit.path["guid"], owners_may=owners_may)
    keys = queries.without_addresses(visit.db, visit.actor, bank.guid, visit.now, MOST_NAMED + 1)
    since = visit.now - dt.timedelta(seconds=visit.settings.token_seconds_sandbox)
    used = queries.usage(visit.db, visit.actor, bank.guid, since)
    return View(
        "dashboard/promotion.html",
        here="banks",
        bank=bank,
        keys=keys[:MOST_NAMED],
        has_more_keys=len(keys) > MOST_NAMED,
        sandbox_seconds=visit.settings.token_seconds_sandbox,
        production_seconds=visit.settings.token_seconds_production,
        tokens=sum(each.times for each in used if each.outcome == outcomes.ISSUED),
    )


@pages.post(PATH, again=before_promotion)
def promote(visit: Visit) -> Go:
    guid, owners_may = visit.path["guid"], visit.settings.owners_may_promote
    banks.to_promote(visit.db, visit.actor, guid, owners_may=owners_may)
    visit.form.must_be_confirmed()
    banks.promote(visit.db, visit.actor, guid, owners_may=owners_may)
    return Go(visit.link(f"/banks/{guid}"), done="bank-promoted")
