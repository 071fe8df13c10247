"""What people do with their own account: they may, whatever their role, so there is no door but the session."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary.access.visitor import Visitor
from ostiary.errors import Invalid, NotFound
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import entry, logins, passwords, queries, session, user_agents
from ostiary.users.entry import Entrance
from ostiary.users.models import User, UserSession
from ostiary.users.queries import OwnLogin
from ostiary.users.schemas import PasswordChange
from ostiary.users.session import Sessions
from ostiary.web.forms import Form
from ostiary.web.pages import SignedOut


@dataclass(frozen=True)
class SignedIn:
    """One of the places at which a person is signed in."""

    session: UserSession
    browser: str
    is_this_one: bool


@dataclass(frozen=True)
class Program:
    """One of the programs in which a person is signed in."""

    own: OwnLogin
    name: str


def change_password(entrance: Entrance, sessions: Sessions, visitor: Visitor, form: Form) -> str:
    """Ends every other session, and gives this one a new id: the word of its cookie; raises Invalid or SignedOut."""
    with entrance.store.reading() as db:
        user = _user(db, visitor)
    with entrance.throttle.attempt(visitor.address, user.email, is_known_source=True) as failed:
        if not passwords.is_right(form.value("password_current"), user.password_hash):
            failed()
            raise Invalid("invalid_credentials", "This is not your password.", status=422, field="password_current")
    sent = form.read_as(PasswordChange, mine=(user.email, user.name))
    password_hash = passwords.hashed(sent.read().password)
    with entrance.store.writing() as db:
        user = entry.still(db, user, is_to_change=True)
        if visitor.session_guid not in {each.guid for each in sessions.live(db, visitor.user_guid)}:
            raise SignedOut
        entry.change_password(db, user, password_hash, visitor.address, but=visitor.session_guid)
        return sessions.renew(db, visitor.session_guid)


def sessions_of(db: Session, sessions: Sessions, visitor: Visitor) -> Sequence[SignedIn]:
    """The one that asks comes first."""
    found = [
        SignedIn(each, user_agents.named(each.user_agent), each.guid == visitor.session_guid)
        for each in sessions.live(db, visitor.user_guid)
    ]
    return sorted(found, key=lambda each: not each.is_this_one)


def end_session(db: Session, sessions: Sessions, visitor: Visitor, guid: str) -> None:
    if guid not in {each.guid for each in sessions.live(db, visitor.user_guid)}:
        raise NotFound("session")
    session.end(db, guid)
    _record_end(db, visitor, guid)


def end_other_sessions(db: Session, sessions: Sessions, visitor: Visitor) -> None:
    for each in sessions.live(db, visitor.user_guid):
        if each.guid != visitor.session_guid:
            _record_end(db, visitor, each.guid)
    end_logins(db, sessions, visitor)
    session.end_all(db, visitor.user_guid, but=visitor.session_guid)


def logins_of(db: Session, sessions: Sessions, visitor: Visitor) -> Sequence[Program]:
    """Of every organization the person belongs to."""
    found = sessions.live_logins(db, visitor.user_guid)
    return [Program(each, user_agents.program(each.login.user_agent)) for each in found]


def end_login(db: Session, sessions: Sessions, visitor: Visitor, guid: str) -> None:
    found = [each for each in sessions.live_logins(db, visitor.user_guid) if each.login.guid == guid]
    if not found:
        raise NotFound("login")
    _end_logins(db, visitor, found)


def end_logins(db: Session, sessions: Sessions, visitor: Visitor) -> None:
    _end_logins(db, visitor, sessions.live_logins(db, visitor.user_guid))


def _end_logins(db: Session, visitor: Visitor, found: Sequence[OwnLogin]) -> None:
    for each in found:
        logins.end(db, each.login, each.membership, visitor.address)


def _user(db: Session, visitor: Visitor) -> User:
    user = queries.by_guid(db, visitor.user_guid)
    if user is None:
        raise NotFound("user")
    return user


def _record_end(db: Session, visitor: Visitor, guid: str) -> None:
    if visitor.organization_guid:
        record(db, visitor.actor, EventType.SESSION_DELETED, guid, organization_guid=visitor.organization_guid)
