"""Dashboard pages of one key: everything about it, and its name and addresses to edit."""

from ostiary.applications import inspection, service
from ostiary.applications.merging import Seen
from ostiary.applications.schemas import ApplicationChanges
from ostiary.web.pages import Go, Pages, View, Visit
from ostiary.web.schemas import read_as

HERE = "developers"

pages = Pages()


@pages.get("/developers/keys/{guid}")
def show_key(visit: Visit) -> View:
    file = inspection.key_file(visit.db, visit.actor, visit.path["guid"], visit.now)
    return View("applications/key.html", here=HERE, file=file, key=file.key, application=file.key.application)


@pages.get("/developers/keys/{guid}/edit")
def edit_key(visit: Visit) -> View:
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    application = key.application
    now_allowed = "\n".join(application.ip_allowlist)
    form = visit.form.or_usual(name=application.name, ip_allowlist=now_allowed)
    return View(
        "applications/edit_key.html",
        here=HERE,
        key=key,
        application=application,
        form=form,
        # What somebody else has put in place since the form was opened.
        new_name=_if_changed(application.name, form.value("name_seen"), is_refused=form.is_refused),
        new_addresses=_if_changed(now_allowed, form.value("ip_allowlist_seen"), is_refused=form.is_refused),
    )


@pages.post("/developers/keys/{guid}/edit", again=edit_key)
def update_key(visit: Visit) -> Go:
    form = visit.form
    key = inspection.to_change(visit.db, visit.actor, visit.path["guid"])
    changes = read_as(ApplicationChanges, name=form.value("name"), ip_allowlist=form.lines("ip_allowlist"))
    seen = Seen(form.value("name_seen"), form.lines("ip_allowlist_seen"))
    service.update(visit.db, visit.actor, key.kind, key.application.guid, changes, seen)
    return to_key(visit, "key-updated")


def to_key(visit: Visit, done: str) -> Go:
    return Go(visit.link(f"/developers/keys/{visit.path['guid']}"), done=done)


def _if_changed(now: str, seen: str, *, is_refused: bool) -> str | None:
    return now if is_refused and now != seen else None
