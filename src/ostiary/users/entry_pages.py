"""Pages that let somebody in: set-up, sign-in, sign-up, invitations, a new password; and out again."""

from dataclasses import replace

from sqlalchemy.orm import Session

from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import entry, one_time_links, queries, session, set_up
from ostiary.users.entry import Entrance
from ostiary.users.models import Role, User
from ostiary.users.roles import MEANINGS
from ostiary.users.session import Sessions
from ostiary.web import origin
from ostiary.web.pages import Go, Pages, SignedOut, View, Visit, Who

ENTRANCE = "entrance"
SESSIONS = "sessions"
HOME = "/"

pages = Pages()


@pages.get("/sign-in", who=Who.ANYBODY)
def sign_in_form(visit: Visit) -> View | Go:
    if visit.visitor is not None and not visit.form.is_refused:
        return Go(_next(visit))
    return View("users/sign_in.html", next=_next(visit), is_open=visit.settings.signup == "open")


@pages.post("/sign-in", who=Who.ANYBODY, again=sign_in_form, writes=False)
def sign_in(visit: Visit) -> Go:
    form = visit.form
    user = entrance(visit).sign_in(visit.db, form.value("email"), form.value("password"), visit.address)
    return _let_in(visit, user, _next(visit))


@pages.post("/sign-out", who=Who.PERSON)
def sign_out(visit: Visit) -> Go:
    session.end(visit.db, visit.person.session_guid)
    _record_session(visit, EventType.SESSION_DELETED)
    return Go("/sign-in", done="signed-out", cookies=(sessions(visit).no_cookie,))


@pages.get("/set-up/{word}", who=Who.ANYBODY)
def set_up_form(visit: Visit) -> View:
    set_up.look(visit.db, visit.path["word"])
    return View("users/set_up.html")


@pages.post("/set-up/{word}", who=Who.ANYBODY, again=set_up_form, writes=False)
def set_up_first(visit: Visit) -> Go:
    return _let_in(visit, entrance(visit).set_up(visit.path["word"], visit.form, visit.address))


@pages.get("/sign-up", who=Who.ANYBODY)
def sign_up_form(visit: Visit) -> View | Go:
    if visit.settings.signup != "open":
        return Go("/sign-in", done="by-invitation")
    return View("users/sign_up.html")


@pages.post("/sign-up", who=Who.ANYBODY, again=sign_up_form, writes=False)
def sign_up(visit: Visit) -> Go:
    return _let_in(visit, entrance(visit).sign_up(visit.form, visit.address))


@pages.get("/join/{word}", who=Who.ANYBODY)
def join_form(visit: Visit) -> View:
    membership, organization = entry.invitation(visit.db, visit.path["word"])
    return View(
        "users/join.html",
        membership=membership,
        organization=organization,
        join=f"/join/{visit.path['word']}",
        meaning=MEANINGS[Role(membership.role)],
    )


@pages.post("/join/{word}", who=Who.ANYBODY, again=join_form, writes=False)
def join_as_new(visit: Visit) -> Go:
    return _let_in(visit, entrance(visit).join_as_new(visit.path["word"], visit.form, visit.address), done="joined")


@pages.post("/join/{word}/acceptance", who=Who.PERSON, again=join_form)
def join(visit: Visit) -> Go:
    """For somebody who is signed in already."""
    user = queries.by_guid(visit.db, visit.person.user_guid)
    if user is None:
        raise one_time_links.LinkOver
    membership = entry.accept(visit.db, visit.path["word"], user, visit.address)
    session.look_at(visit.db, visit.person, membership.organization_guid)
    return Go(HOME, done="joined")


@pages.get("/new-password/{word}", who=Who.ANYBODY)
def new_password_form(visit: Visit) -> View:
    user = entry.forgetful(visit.db, visit.path["word"])
    return View("users/new_password.html", user=user)


@pages.post("/new-password/{word}", who=Who.ANYBODY, again=new_password_form, writes=False)
def new_password(visit: Visit) -> Go:
    user = entrance(visit).new_password(visit.path["word"], visit.form, visit.address)
    return _let_in(visit, user, done="password-changed")


@pages.post("/organizations/selection", who=Who.PERSON)
def select_organization(visit: Visit) -> Go:
    wanted = visit.form.value("organization_guid")
    if wanted not in {place[1].guid for place in queries.by_user(visit.db, visit.person.user_guid)}:
        raise Invalid("not_found", "organization not found", status=404)
    session.look_at(visit.db, visit.person, wanted)
    return Go(_next(visit))


def entrance(visit: Visit) -> Entrance:
    shared: Entrance = visit.shared[ENTRANCE]
    return shared


def sessions(visit: Visit) -> Sessions:
    shared: Sessions = visit.shared[SESSIONS]
    return shared


def held(visit: Visit, db: Session) -> Visit:
    """The same visit in a unit of work that writes: until it ends nobody signs its person out; raises SignedOut."""
    visitor = sessions(visit).held(db, visit.person, visit.request)
    if visitor is None:
        raise SignedOut
    return replace(visit, db=db, visitor=visitor)


def _let_in(visit: Visit, user: User, path: str = HOME, done: str = "") -> Go:
    """A session with a new id, whatever cookie came along; the one that was there before ends. Raises Invalid."""
    with visit.store.writing() as db:
        user = entry.still(db, user)
        if visit.visitor is not None:
            session.end(db, visit.visitor.session_guid)
        word = sessions(visit).open(db, user, visit.request, visit.address)
    return Go(path, done=done, cookies=(sessions(visit).cookie(word),))


def _next(visit: Visit) -> str:
    return origin.local_path(visit.form.value("next") or visit.parameter("next"), HOME)


def _record_session(visit: Visit, event_type: EventType) -> None:
    if visit.person.organization_guid:
        guid = visit.person.organization_guid
        record(visit.db, visit.actor, event_type, visit.person.session_guid, organization_guid=guid)
