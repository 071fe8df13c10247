"""Dashboard pages on which a key is observed, a list for it is found, and the list begins to bind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostiary.access.addresses import MOST_ENTRIES
from ostiary.applications import inspection
from ostiary.applications.key_pages import HERE, to_key
from ostiary.applications.models import UNKNOWN
from ostiary.applications.observation import service
from ostiary.applications.observation.queries import KEPT, MOST_ADDRESSES
from ostiary.applications.observation.report import Report, fingerprint
from ostiary.applications.queries import Described
from ostiary.applications.schemas import ApplicationChanges
from ostiary.web.pages import Go, Outcome, Pages, View, Visit
from ostiary.web.schemas import Sent, read_as

KEY = "/developers/keys/{guid}"
# Each of the two tables on the page; more than anybody reads, and their number is told as well.
MOST_SHOWN = 100

pages = Pages()


@dataclass(frozen=True)
class Observed:
    """A key that is observed, for somebody who may give it a list."""

    key: Described
    report: Report

    @property
    def shown(self) -> Mapping[str, Any]:
        """What both pages about its list are made of."""
        return {
            "key": self.key,
            "application": self.key.application,
            "report": self.report,
            "unknown": UNKNOWN,
            "days": KEPT.days,
            "most_addresses": MOST_ADDRESSES,
            "most_entries": MOST_ENTRIES,
            "most_shown": MOST_SHOWN,
        }


@pages.get(f"{KEY}/observation")
def before_observation(visit: Visit) -> View:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    return View("applications/observation.html", here=HERE, key=key, application=key.application, days=KEPT.days)


@pages.post(f"{KEY}/observation", again=before_observation)
def observe(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    visit.form.must_be_confirmed()
    service.observe(visit.db, visit.actor, key.kind, key.application.guid)
    return to_key(visit, "key-observed")


@pages.get(f"{KEY}/observation/end")
def before_end(visit: Visit) -> View:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    report = service.report(visit.db, visit.actor, key.application, visit.now)
    return View("applications/end_of_observation.html", here=HERE, key=key, application=key.application, report=report)


@pages.post(f"{KEY}/observation/end", again=before_end)
def stop(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    visit.form.must_be_confirmed()
    service.stop(visit.db, visit.actor, key.kind, key.application.guid)
    return to_key(visit, "key-unobserved")


@pages.get(f"{KEY}/addresses")
def show_addresses(visit: Visit) -> Outcome:
    observed = _observed(visit)
    if observed is None:
        return to_key(visit, "key-is-unobserved")
    form = visit.form.or_usual(ip_allowlist="\n".join(observed.report.proposed))
    return View("applications/addresses.html", here=HERE, form=form, **observed.shown)


@pages.post(f"{KEY}/addresses", again=show_addresses)
def propose(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    service.propose(visit.db, visit.actor, key.kind, key.application.guid, _typed(visit))
    if visit.form.value("next") == "switch-over":
        return Go(visit.link(f"/developers/keys/{visit.path['guid']}/switch-over"))
    return Go(visit.link(f"/developers/keys/{visit.path['guid']}/addresses"), done="list-compared")


@pages.get(f"{KEY}/switch-over")
def before_switch_over(visit: Visit) -> Outcome:
    observed = _observed(visit)
    if observed is None:
        return to_key(visit, "key-is-unobserved")
    cut_off_seen = fingerprint(observed.report.cut_off)
    return View("applications/switch_over.html", here=HERE, cut_off_seen=cut_off_seen, **observed.shown)


@pages.post(f"{KEY}/switch-over", again=before_switch_over)
def switch_over(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    visit.form.must_be_confirmed()
    agreed = visit.form.value("cut_off_seen")
    service.switch_over(visit.db, visit.actor, key.kind, key.application.guid, _typed(visit), agreed)
    return to_key(visit, "key-switched-over")


def _observed(visit: Visit) -> Observed | None:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    report = service.report(visit.db, visit.actor, key.application, visit.now)
    return None if report is None else Observed(key, report)


def _typed(visit: Visit) -> Sent[ApplicationChanges]:
    return read_as(ApplicationChanges, ip_allowlist=visit.form.lines("ip_allowlist"))
