"""Dashboard pages of a new key: the form, the pair shown once, and the wait for its first token."""

from ostiary.applications import inspection, key_form
from ostiary.applications.generation import generate, shown_once
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.rights import rights
from ostiary.web import one_time_forms
from ostiary.web.pages import BANK, Pages, View, Visit

HERE = "developers"

pages = Pages()


@pages.get("/developers/keys/new")
def new_key(visit: Visit) -> View:
    made = inspection.made_by(visit.db, visit.actor, visit.form.value("word"))
    if made is not None:
        return already_shown(made)
    kind = _kind(visit)
    wanted = visit.form.value("bank_guid") or visit.parameter(BANK)
    offer = inspection.offer(visit.db, visit.actor, kind, wanted)
    owner = offer.bank.name if offer.bank else visit.person.organization_name
    return View(
        "applications/new_key.html",
        here=HERE,
        kind=kind,
        offer=offer,
        bank_options=[(bank.guid, f"{bank.name} ({bank.type})") for bank in offer.banks],
        may_for_organization=rights(visit.actor, ApplicationKind.ORGANIZATION, is_production=True).generate,
        form=key_form.fresh(visit.form, owner, visit.now),
        word=one_time_forms.word_for(visit.form),
    )


@pages.post("/developers/keys/new", again=new_key)
def generate_key(visit: Visit) -> View:
    kind = _kind(visit)
    if kind is ApplicationKind.ORGANIZATION:
        # A bank's guid says by itself where a bank key belongs.
        visit.must_be_meant_here()
    pair = generate(visit, kind, visit.form.value("bank_guid"))
    return View("applications/new_pair.html", here=HERE, **shown_once(visit, pair))


@pages.get("/developers/keys/{guid}/shown")
def was_shown(visit: Visit) -> View:
    """Where reload and back lead from the page with the secret."""
    return already_shown(inspection.describe(visit.db, visit.actor, visit.path["guid"]).application)


@pages.get("/developers/keys/{guid}/first-token", is_activity=False)
def first_token(visit: Visit) -> View:
    arrived = inspection.arrival(visit.db, visit.actor, visit.path["guid"], visit.now)
    is_part = visit.request.headers.get("hx-request") == "true"
    template = "applications/first_token.html" if is_part else "applications/first_token_page.html"
    return View(template, here=HERE, arrived=arrived)


def already_shown(application: Application) -> View:
    return View("applications/already_shown.html", here=HERE, application=application)


def _kind(visit: Visit) -> ApplicationKind:
    chosen = visit.form.value("kind") or visit.parameter("kind")
    return ApplicationKind.ORGANIZATION if chosen == ApplicationKind.ORGANIZATION else ApplicationKind.BANK
