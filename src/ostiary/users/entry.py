"""How somebody gets in: with a password, by a link that works once, or by signing up.

Passwords are hashed outside of any unit of work that writes, because others would wait for it.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.errors import Forbidden, Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.settings import Settings
from ostiary.users import one_time_links, passwords, queries, session
from ostiary.users.models import LinkPurpose, Membership, Role, User
from ostiary.users.schemas import NewPerson, PasswordChange, folded
from ostiary.users.throttle import SignInThrottle
from ostiary.web.schemas import Sent

REFUSED = "Email or password is wrong"
TAKEN = "This did not work: whoever has an account already signs in first and then opens the link again"


@dataclass(frozen=True)
class Entrance:
    store: Store
    settings: Settings
    throttle: SignInThrottle

    def sign_in(self, db: Session, email: str, password: str, address: str) -> User:
        """One text, one status and one price for every way in which it can fail; raises Invalid."""
        email = folded(email)
        user = queries.by_email(db, email)
        is_known = user is not None and queries.by_session_address(db, user.guid, address)
        self.throttle.check(address, email, is_known_source=is_known)
        is_right = passwords.is_right(password, user.password_hash if user else None)
        if user is None or not is_right or user.disabled_at is not None:
            self.throttle.failed(address, email)
            raise Invalid("invalid_credentials", REFUSED, status=401)
        return user

    def set_up(self, word: str, sent: Sent[NewPerson], address: str) -> User:
        """The first person, who owns whatever nobody owns; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            one_time_links.look(db, LinkPurpose.SET_UP, word)
        new = sent.read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            one_time_links.use(db, LinkPurpose.SET_UP, word)
            if queries.by_presence(db):
                raise one_time_links.LinkOver
            user = add(db, new.email, new.name, password_hash)
            for organization in queries.by_ownership(db):
                found(db, user, organization.guid, address)
            return user

    def sign_up(self, sent: Sent[NewPerson]) -> User:
        """Somebody nobody invited, where the server's settings let them in."""
        if self.settings.signup != "open":
            raise Forbidden("forbidden", "This server takes people by invitation only")
        new = sent.read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            return add(db, new.email, new.name, password_hash)

    def join_as_new(self, word: str, sent: Sent[NewPerson], address: str) -> User:
        """An invited person who has no account here yet; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            one_time_links.look(db, LinkPurpose.INVITATION, word)
        new = sent.read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            user = add(db, new.email, new.name, password_hash)
            accept(db, word, user, address)
            return user

    def new_password(self, word: str, sent: Sent[PasswordChange]) -> User:
        """Ends every session of the person; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            one_time_links.look(db, LinkPurpose.NEW_PASSWORD, word)
        password_hash = passwords.hashed(sent.read().password)
        with self.store.writing() as db:
            link = one_time_links.use(db, LinkPurpose.NEW_PASSWORD, word)
            user = queries.by_guid(db, link.user_guid or "")
            if user is None:
                raise one_time_links.LinkOver
            user.password_hash = password_hash
            session.end_all(db, user.guid)
            return user


def add(db: Session, email: str, name: str, password_hash: str | None) -> User:
    if queries.by_email(db, email) is not None:
        raise Invalid("data_exists", TAKEN, status=409, field="email")
    user = User(guid=guids.new(), email=email, name=name, password_hash=password_hash)
    db.add(user)
    db.flush()  # memberships and sessions name the person
    return user


def found(db: Session, user: User, organization_guid: str, address: str) -> Membership:
    """Make somebody the first owner of an organization that nobody owns."""
    membership = Membership(
        guid=guids.new(), organization_guid=organization_guid, email=user.email, role=Role.OWNER, user_guid=user.guid
    )
    db.add(membership)
    _record(db, membership, user, EventType.USER_CREATED, address)
    return membership


def accept(db: Session, word: str, user: User, address: str) -> Membership:
    """Take up an invitation, which is for one address and nobody else's; raises LinkOver or Forbidden."""
    link = one_time_links.look(db, LinkPurpose.INVITATION, word)
    invited = queries.by_membership(db, link.membership_guid or "")
    if invited is None or invited[0].disabled_at is not None:
        raise one_time_links.LinkOver
    membership, _ = invited
    if membership.email != user.email:
        raise Forbidden("forbidden", f"This invitation is for another address than {user.email}")
    one_time_links.use(db, LinkPurpose.INVITATION, word)
    membership.user_guid = user.guid
    _record(db, membership, user, EventType.USER_CREATED, address)
    return membership


def _record(db: Session, membership: Membership, user: User, event_type: EventType, address: str) -> None:
    actor = Actor(subject=Subject.USER, guid=membership.guid, address=address)
    record(
        db,
        actor,
        event_type,
        membership.guid,
        organization_guid=membership.organization_guid,
        email=user.email,
        role=membership.role,
    )
