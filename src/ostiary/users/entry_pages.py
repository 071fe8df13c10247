"""Pages that let somebody in: set-up, sign-in, sign-up, invitations, a new password; and out again."""

from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import one_time_links, queries, session
from ostiary.users.entry import Entrance, accept
from ostiary.users.models import LinkPurpose, User
from ostiary.users.schemas import NewPerson, PasswordChange
from ostiary.users.session import Sessions
from ostiary.web import origin
from ostiary.web.pages import Go, Pages, View, Visit, Who

ENTRANCE = "entrance"
SESSIONS = "sessions"
HOME = "/"

pages = Pages()


@pages.get("/sign-in", who=Who.ANYBODY)
def sign_in_form(visit: Visit) -> View | Go:
    if visit.visitor is not None and not visit.form.is_refused:
        return Go(HOME)
    return View("users/sign_in.html", next=_next(visit), is_open=visit.settings.signup == "open")


@pages.post("/sign-in", who=Who.ANYBODY, again=sign_in_form, writes=False)
def sign_in(visit: Visit) -> Go:
    form = visit.form
    user = _entrance(visit).sign_in(visit.db, form.value("email"), form.value("password"), visit.address)
    return _let_in(visit, user, _next(visit))


@pages.post("/sign-out", who=Who.PERSON)
def sign_out(visit: Visit) -> Go:
    session.end(visit.db, visit.person.session_guid)
    _record_session(visit, EventType.SESSION_DELETED)
    return Go("/sign-in", done="signed-out", cookies=(_sessions(visit).no_cookie,))


@pages.get("/set-up/{word}", who=Who.ANYBODY)
def set_up_form(visit: Visit) -> View:
    one_time_links.look(visit.db, LinkPurpose.SET_UP, visit.path["word"])
    return View("users/set_up.html")


@pages.post("/set-up/{word}", who=Who.ANYBODY, again=set_up_form, writes=False)
def set_up(visit: Visit) -> Go:
    user = _entrance(visit).set_up(visit.path["word"], visit.form.read_as(NewPerson), visit.address)
    return _let_in(visit, user)


@pages.get("/sign-up", who=Who.ANYBODY)
def sign_up_form(visit: Visit) -> View | Go:
    if visit.settings.signup != "open":
        return Go("/sign-in", done="by-invitation")
    return View("users/sign_up.html")


@pages.post("/sign-up", who=Who.ANYBODY, again=sign_up_form, writes=False)
def sign_up(visit: Visit) -> Go:
    return _let_in(visit, _entrance(visit).sign_up(visit.form.read_as(NewPerson)))


@pages.get("/join/{word}", who=Who.ANYBODY)
def join_form(visit: Visit) -> View:
    link = one_time_links.look(visit.db, LinkPurpose.INVITATION, visit.path["word"])
    invited = queries.by_membership(visit.db, link.membership_guid or "")
    if invited is None or invited[0].disabled_at is not None:
        raise one_time_links.LinkOver
    membership, organization = invited
    return View("users/join.html", membership=membership, organization=organization, next=visit.request.url.path)


@pages.post("/join/{word}", who=Who.ANYBODY, again=join_form, writes=False)
def join_as_new(visit: Visit) -> Go:
    link = one_time_links.look(visit.db, LinkPurpose.INVITATION, visit.path["word"])
    invited = queries.by_membership(visit.db, link.membership_guid or "")
    email = invited[0].email if invited else ""
    sent = visit.form.read_as(NewPerson, email=email)
    return _let_in(visit, _entrance(visit).join_as_new(visit.path["word"], sent, visit.address))


@pages.post("/join/{word}/acceptance", who=Who.PERSON, again=join_form)
def join(visit: Visit) -> Go:
    """For somebody who is signed in already."""
    user = queries.by_guid(visit.db, visit.person.user_guid)
    if user is None:
        raise one_time_links.LinkOver
    membership = accept(visit.db, visit.path["word"], user, visit.address)
    session.look_at(visit.db, visit.person, membership.organization_guid)
    return Go(HOME, done="joined")


@pages.get("/new-password/{word}", who=Who.ANYBODY)
def new_password_form(visit: Visit) -> View:
    one_time_links.look(visit.db, LinkPurpose.NEW_PASSWORD, visit.path["word"])
    return View("users/new_password.html")


@pages.post("/new-password/{word}", who=Who.ANYBODY, again=new_password_form, writes=False)
def new_password(visit: Visit) -> Go:
    return _let_in(visit, _entrance(visit).new_password(visit.path["word"], visit.form.read_as(PasswordChange)))


@pages.post("/organizations/selection", who=Who.PERSON)
def select_organization(visit: Visit) -> Go:
    wanted = visit.form.value("organization_guid")
    if wanted not in {place[1].guid for place in queries.by_user(visit.db, visit.person.user_guid)}:
        raise Invalid("not_found", "organization not found", status=404)
    session.look_at(visit.db, visit.person, wanted)
    return Go(HOME)


def _let_in(visit: Visit, user: User, path: str = HOME) -> Go:
    """A session with a new id, whatever cookie came along; the one that was there before ends."""
    sessions = _sessions(visit)
    with visit.store.writing() as db:
        if visit.visitor is not None:
            session.end(db, visit.visitor.session_guid)
        word = sessions.open(db, user, visit.request, visit.address)
    return Go(path, cookies=(sessions.cookie(word),))


def _next(visit: Visit) -> str:
    return origin.local_path(visit.form.value("next") or visit.parameter("next"), HOME)


def _entrance(visit: Visit) -> Entrance:
    entrance: Entrance = visit.shared[ENTRANCE]
    return entrance


def _sessions(visit: Visit) -> Sessions:
    sessions: Sessions = visit.shared[SESSIONS]
    return sessions


def _record_session(visit: Visit, event_type: EventType) -> None:
    if visit.person.organization_guid:
        guid = visit.person.organization_guid
        record(visit.db, visit.actor, event_type, visit.person.session_guid, organization_guid=guid)
