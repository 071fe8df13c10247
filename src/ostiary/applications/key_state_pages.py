"""Dashboard pages on which a key is paused, resumed, replaced or revoked: each says first what will come of it."""

from ostiary.applications import inspection, service
from ostiary.applications.generation import digester, origin_of, shown_once
from ostiary.applications.key_pages import HERE, show_key, to_key
from ostiary.applications.new_key_pages import already_shown
from ostiary.web import one_time_forms
from ostiary.web.pages import Go, Pages, View, Visit

A_MINUTE_SECONDS = 60

pages = Pages()


@pages.get("/developers/keys/{guid}/pause")
def before_pause(visit: Visit) -> View:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    consequence = inspection.consequence(visit.db, visit.actor, key, visit.now)
    return View("applications/pause.html", here=HERE, consequence=consequence, application=key.application)


@pages.post("/developers/keys/{guid}/pause", again=before_pause)
def pause(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    visit.form.must_be_confirmed()
    service.pause(visit.db, visit.actor, key.kind, key.application.guid)
    return to_key(visit, "key-paused")


@pages.post("/developers/keys/{guid}/resumption", again=show_key)
def resume(visit: Visit) -> Go:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    service.resume(visit.db, visit.actor, key.kind, key.application.guid)
    return to_key(visit, "key-resumed")


@pages.get("/developers/keys/{guid}/revocation")
def before_revocation(visit: Visit) -> View:
    key = inspection.to_end(visit.db, visit.actor, visit.path["guid"])
    consequence = inspection.consequence(visit.db, visit.actor, key, visit.now)
    return View("applications/revocation.html", here=HERE, consequence=consequence, application=key.application)


@pages.post("/developers/keys/{guid}/revocation", again=before_revocation)
def revoke(visit: Visit) -> Go:
    key = inspection.to_end(visit.db, visit.actor, visit.path["guid"])
    if key.application.revoked_at is not None:
        return to_key(visit, "key-was-revoked")
    visit.form.must_be_confirmed()
    service.revoke(visit.db, visit.actor, key.kind, key.application.guid)
    return to_key(visit, "key-revoked")


@pages.get("/developers/keys/{guid}/replacement")
def before_replacement(visit: Visit) -> View:
    made = inspection.made_by(visit.db, visit.actor, visit.form.value("word"))
    if made is not None:
        return already_shown(made)
    key = inspection.to_end(visit.db, visit.actor, visit.path["guid"])
    return View(
        "applications/replacement.html",
        here=HERE,
        key=key,
        application=key.application,
        # It began a moment after its end was reckoned: ninety days, not eighty-nine.
        life_seconds=(key.application.expires_at - key.application.created_at).total_seconds() + A_MINUTE_SECONDS,
        lacks_addresses=key.bank is not None and key.is_production and not key.application.ip_allowlist,
        successor=inspection.successor(visit.db, visit.actor, key),
        word=one_time_forms.word_for(visit.form),
    )


@pages.post("/developers/keys/{guid}/replacement", again=before_replacement)
def replace(visit: Visit) -> View:
    key = inspection.to_end(visit.db, visit.actor, visit.path["guid"])
    origin = origin_of(visit)
    pair = service.replace(visit.db, visit.actor, digester(visit), key.kind, key.application.guid, origin)
    return View("applications/new_pair.html", here=HERE, replaced=key.application, **shown_once(visit, pair))
