"""Sessions: a cookie with an opaque word, of which the database keeps a digest, and how long it counts."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from starlette.requests import Request

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.access.visitor import Visitor
from ostiary.crypto import guids
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.settings import Settings
from ostiary.users import queries
from ostiary.users.models import Login, Membership, Role, User, UserSession
from ostiary.users.queries import OwnLogin
from ostiary.users.roles import RIGHTS

ID_BYTES = 32
USER_AGENT_LETTERS = 255
FOUNDERS_SCOPES = frozenset({Scope.ORGANIZATIONS_WRITE})


@dataclass(frozen=True)
class Sessions:
    """Who a cookie stands for: asked of the database every time, so an ended session ends at once."""

    settings: Settings

    @property
    def cookie_name(self) -> str:
        # RFC 6265bis §4.1.3.2: this prefix binds the cookie to one host and to TLS.
        return "__Host-ostiary" if self.settings.is_https else "ostiary"

    def cookie(self, word: str) -> str:
        return f"{self.cookie_name}={word}; {self._flags}"

    @property
    def no_cookie(self) -> str:
        return f"{self.cookie_name}=; Max-Age=0; {self._flags}"

    @property
    def _idle(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.settings.session_idle_seconds)

    @property
    def _flags(self) -> str:
        return "Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if self.settings.is_https else "")

    def open(self, db: Session, user: User, request: Request, address: str) -> str:
        """A new session with an id of its own; returns the cookie's word, which is nowhere else."""
        word = secrets.token_urlsafe(ID_BYTES)
        now = clock.now()
        places = queries.by_user(db, user.guid)
        guid = guids.new()
        db.execute(delete(UserSession).where(UserSession.expires_at <= now))
        db.add(
            UserSession(
                guid=guid,
                user_guid=user.guid,
                id_digest=_digest(word),
                organization_guid=places[0][1].guid if places else None,
                address=address,
                user_agent=request.headers.get("user-agent", "")[:USER_AGENT_LETTERS],
                created_at=now,
                last_seen_at=now,
                expires_at=now + dt.timedelta(seconds=self.settings.session_seconds),
            )
        )
        if places:
            membership, organization = places[0]
            actor = _actor(membership, address)
            record(db, actor, EventType.SESSION_CREATED, guid, organization_guid=organization.guid)
        return word

    def visitor(self, db: Session, request: Request, address: str) -> Visitor | None:
        """The person behind a request, or None: no session, an ended one, one that was idle for too long."""
        word = request.cookies.get(self.cookie_name)
        found = queries.by_session(db, _digest(word)) if word else None
        if found is None:
            return None
        session, user = found
        idle_until = session.last_seen_at + self._idle
        if user.disabled_at is not None or clock.now() >= min(idle_until, session.expires_at):
            return None
        places = queries.by_user(db, user.guid)
        if session.organization_guid:
            # Never another one instead: a form that was filled in for this organization would arrive there.
            places = [place for place in places if place[1].guid == session.organization_guid]
            if not places:
                return None
        membership, organization = places[0] if places else (None, None)
        return Visitor(
            user_guid=user.guid,
            name=user.name,
            email=user.email,
            session_guid=session.guid,
            address=address,
            organization_guid=organization.guid if organization else "",
            organization_name=organization.name if organization else "",
            role=membership.role if membership else "",
            actor=_actor(membership, address) if membership else self._newcomer(db, user, address),
        )

    def held(self, db: Session, visitor: Visitor, request: Request) -> Visitor | None:
        """The visitor as they are now, until this unit of work ends; None when they have been signed out."""
        if queries.by_visitor_to_hold(db, visitor) is None:
            return None
        return self.visitor(db, request, visitor.address)

    def live(self, db: Session, user_guid: str) -> Sequence[UserSession]:
        now = clock.now()
        return queries.by_own_account(db, user_guid, now, now - self._idle)

    def live_logins(self, db: Session, user_guid: str) -> Sequence[OwnLogin]:
        now = clock.now()
        return queries.by_own_logins(db, user_guid, now, now - dt.timedelta(seconds=self.settings.login_idle_seconds))

    def renew(self, db: Session, session_guid: str) -> str:
        """The same session under a new id: whoever has the old one is out."""
        word = secrets.token_urlsafe(ID_BYTES)
        mine = UserSession.guid == session_guid
        db.execute(update(UserSession).where(mine).values(id_digest=_digest(word)))
        return word

    def _newcomer(self, db: Session, user: User, address: str) -> Actor:
        """Somebody without an organization may make one, but not who was let in for one and then shut out of it."""
        may_found = self.settings.signup == "open" or not queries.by_past(db, user.guid)
        scopes = FOUNDERS_SCOPES if may_found else frozenset()
        return Actor(subject=Subject.USER, guid=user.guid, scopes=scopes, address=address)


def seen(db: Session, visitor: Visitor) -> None:
    db.execute(update(UserSession).where(UserSession.guid == visitor.session_guid).values(last_seen_at=clock.now()))


def look_at(db: Session, visitor: Visitor, organization_guid: str) -> None:
    """From now on this session shows another organization; one the person does not belong to is not shown."""
    mine = UserSession.guid == visitor.session_guid
    db.execute(update(UserSession).where(mine).values(organization_guid=organization_guid))


def end(db: Session, session_guid: str) -> None:
    db.execute(delete(UserSession).where(UserSession.guid == session_guid))


def end_in(db: Session, user_guid: str, organization_guid: str) -> None:
    """Sign a person out wherever they have this organization before them."""
    theirs = UserSession.user_guid == user_guid
    db.execute(delete(UserSession).where(theirs, UserSession.organization_guid == organization_guid))
    here = queries.by_person(user_guid).where(Membership.organization_guid == organization_guid)
    db.execute(delete(Login).where(Login.membership_guid.in_(here)))


def end_all(db: Session, user_guid: str, *, but: str = "") -> None:
    """Sign a person out everywhere, except perhaps where they are sitting."""
    db.execute(delete(UserSession).where(UserSession.user_guid == user_guid, UserSession.guid != but))
    db.execute(delete(Login).where(Login.membership_guid.in_(queries.by_person(user_guid))))


def _actor(membership: Membership, address: str) -> Actor:
    role = Role(membership.role)
    return Actor(
        subject=Subject.USER,
        guid=membership.guid,
        organization_guid=membership.organization_guid,
        scopes=RIGHTS[role].scopes,
        scopes_in_production=RIGHTS[role].in_production,
        is_owner=role is Role.OWNER,
        address=address,
    )


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()
