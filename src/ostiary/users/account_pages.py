"""Dashboard page of a person's own account: their password, and where and with which programs they are signed in."""

from ostiary.users import own_account
from ostiary.users.entry_pages import entrance, sessions
from ostiary.web.pages import Go, Pages, View, Visit, Who

PATH = "/settings/account"

pages = Pages()


@pages.get(PATH, who=Who.PERSON)
def account(visit: Visit) -> View:
    places = own_account.sessions_of(visit.db, sessions(visit), visit.person)
    programs = own_account.logins_of(visit.db, sessions(visit), visit.person)
    return View("users/account.html", here="settings", person=visit.person, places=places, programs=programs)


@pages.post(PATH, who=Who.PERSON, again=account, writes=False)
def change_password(visit: Visit) -> Go:
    word = own_account.change_password(entrance(visit), sessions(visit), visit.person, visit.form)
    return Go(PATH, done="password-changed", cookies=(sessions(visit).cookie(word),))


@pages.post(f"{PATH}/sessions/{{guid}}/end", who=Who.PERSON)
def end_session(visit: Visit) -> Go:
    own_account.end_session(visit.db, sessions(visit), visit.person, visit.path["guid"])
    return Go(PATH, done="session-ended")


@pages.post(f"{PATH}/sessions/end", who=Who.PERSON)
def end_other_sessions(visit: Visit) -> Go:
    own_account.end_other_sessions(visit.db, sessions(visit), visit.person)
    return Go(PATH, done="sessions-ended")


@pages.post(f"{PATH}/logins/{{guid}}/end", who=Who.PERSON)
def end_login(visit: Visit) -> Go:
    own_account.end_login(visit.db, sessions(visit), visit.person, visit.path["guid"])
    return Go(PATH, done="login-ended")


@pages.post(f"{PATH}/logins/end", who=Who.PERSON)
def end_logins(visit: Visit) -> Go:
    own_account.end_logins(visit.db, sessions(visit), visit.person)
    return Go(PATH, done="logins-ended")
