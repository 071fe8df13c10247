"""How somebody gets in: with a password, by a link that works once, or by signing up.

Passwords are judged and hashed outside of any unit of work that writes, because others would wait for it, and only
for somebody whose link is good.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.errors import Forbidden, Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from ostiary.users import one_time_links, passwords, queries, session, set_up
from ostiary.users.models import LinkPurpose, Membership, Role, User
from ostiary.users.one_time_links import LinkOver
from ostiary.users.schemas import NewPerson, PasswordChange, folded
from ostiary.users.throttle import SignInThrottle
from ostiary.web.forms import Form

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
        with self.throttle.attempt(address, email, is_known_source=is_known) as failed:
            is_right = passwords.is_right(password, user.password_hash if user else None)
            if user is None or not is_right or user.disabled_at is not None:
                failed()
                raise Invalid("invalid_credentials", REFUSED, status=401)
            return user

    def set_up(self, word: str, form: Form, address: str) -> User:
        """The first person, who owns whatever nobody owns; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            set_up.look(db, word)
        new = form.read_as(NewPerson).read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            # Two nodes have made a link each.
            self.store.serialize(db)
            set_up.look(db, word)
            set_up.end(db)
            user = add(db, new.email, new.name, password_hash)
            for organization in queries.by_ownership(db):
                found(db, user, organization.guid, address)
        set_up.put_away(self.settings)
        return user

    def sign_up(self, form: Form, address: str) -> User:
        """Somebody nobody invited, where the server's settings let them in."""
        if self.settings.signup != "open":
            raise Forbidden("forbidden", "This server takes people by invitation only")
        self.throttle.newcomer(address)
        new = form.read_as(NewPerson).read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            return add(db, new.email, new.name, password_hash)

    def join_as_new(self, word: str, form: Form, address: str) -> User:
        """An invited person who has no account here yet; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            invited, _ = invitation(db, word)
        self.throttle.newcomer(address)
        new = form.read_as(NewPerson, email=invited.email).read()
        password_hash = passwords.hashed(new.password)
        with self.store.writing() as db:
            membership = _use_invitation(db, word)
            user = add(db, membership.email, new.name, password_hash)
            _join(db, membership, user, address)
            return user

    def new_password(self, word: str, form: Form, address: str) -> User:
        """Ends every session of the person; raises LinkOver or Invalid."""
        with self.store.reading() as db:
            user = forgetful(db, word)
        sent = form.read_as(PasswordChange, mine=(user.email, user.name))
        password_hash = passwords.hashed(sent.read().password)
        with self.store.writing() as db:
            user = forgetful(db, word)
            one_time_links.use(db, LinkPurpose.NEW_PASSWORD, word)
            change_password(db, user, password_hash, address)
            return user


def still(db: Session, user: User, *, is_to_change: bool = False) -> User:
    """Somebody as they were when their password was looked at, until this unit of work ends; raises Invalid.

    Looking takes a while: meanwhile the password may have changed, and with it ended whatever it had opened.
    """
    found = queries.by_guid_to_hold(db, user.guid, is_to_change=is_to_change)
    if found is None or found.password_hash != user.password_hash or found.disabled_at is not None:
        raise Invalid("invalid_credentials", REFUSED, status=401)
    return found


def add(db: Session, email: str, name: str, password_hash: str | None) -> User:
    if queries.by_email(db, email) is not None:
        raise _taken()
    user = User(guid=guids.new(), email=email, name=name, password_hash=password_hash)
    db.add(user)
    try:
        db.flush()  # memberships and sessions name the person
    except IntegrityError as error:
        # The same address came twice at once, and on PostgreSQL neither of the two saw the other.
        raise _taken() from error
    return user


def found(db: Session, user: User, organization_guid: str, address: str) -> Membership:
    """Make somebody the first owner of an organization that nobody owns."""
    membership = Membership(
        guid=guids.new(), organization_guid=organization_guid, email=user.email, role=Role.OWNER, user_guid=user.guid
    )
    db.add(membership)
    _tell(db, membership, EventType.USER_CREATED, address, email=user.email, role=membership.role)
    return membership


def invitation(db: Session, word: str) -> tuple[Membership, Organization]:
    """Whom an invitation is for, and to where; raises LinkOver."""
    link = one_time_links.look(db, LinkPurpose.INVITATION, word)
    invited = queries.by_membership(db, link.membership_guid or "")
    if invited is None or invited[0].is_accepted or invited[1].closed_at is not None:
        raise LinkOver
    return invited


def accept(db: Session, word: str, user: User, address: str) -> Membership:
    """Take up an invitation, which is for one address and nobody else's; raises LinkOver or Forbidden."""
    invited, _ = invitation(db, word)
    if invited.email != user.email:
        raise Forbidden("forbidden", f"This invitation is for another address than {user.email}")
    membership = _use_invitation(db, word)
    _join(db, membership, user, address)
    return membership


def forgetful(db: Session, word: str) -> User:
    """Whose password a link changes; raises LinkOver."""
    link = one_time_links.look(db, LinkPurpose.NEW_PASSWORD, word)
    user = queries.by_guid(db, link.user_guid or "")
    if user is None or user.disabled_at is not None:
        raise LinkOver
    return user


def change_password(db: Session, user: User, password_hash: str, address: str, *, but: str = "") -> None:
    """Ends the person's sessions, except perhaps the one in which it happens."""
    user.password_hash = password_hash
    # First, so that whoever holds the person to open something for them is through when it is looked for.
    db.flush()
    session.end_all(db, user.guid, but=but)
    for membership, _ in queries.by_user(db, user.guid):
        _tell(db, membership, EventType.USER_UPDATED, address, password_changed=True)


def _use_invitation(db: Session, word: str) -> Membership:
    invited, _ = invitation(db, word)
    one_time_links.use(db, LinkPurpose.INVITATION, word)
    return invited


def _join(db: Session, membership: Membership, user: User, address: str) -> None:
    membership.user_guid = user.guid
    _tell(db, membership, EventType.USER_CREATED, address, email=user.email, role=membership.role)


def _taken() -> Invalid:
    return Invalid("data_exists", TAKEN, status=409, field="email")


def _tell(db: Session, membership: Membership, event_type: EventType, address: str, **facts: object) -> None:
    """What somebody did to their own membership before there was an actor."""
    actor = Actor(subject=Subject.USER, guid=membership.guid, address=address)
    record(
        db, actor, event_type, membership.guid, organization_guid=membership.organization_guid, bank_guid=None, **facts
    )
