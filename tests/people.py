"""People for tests: Alice owns Acme, Dana develops and Bob reads there; Mallory owns Globex and belongs elsewhere."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field

from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.app import Ostiary
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.oauth import queries
from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.logins import LoginTokens
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.settings import Settings
from ostiary.users import passwords
from ostiary.users.models import Login, Membership, Role, User, UserSession
from ostiary.users.roles import RIGHTS
from ostiary.users.session import Sessions
from ostiary.web.schemas import read_as
from tests.apps import client_of

OPERATOR = Actor.operator()
ADDRESS = "203.0.113.7"
USER_TOKEN_SECONDS = 3600
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# What a browser says of itself when one of our own pages sends it.
BROWSER = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "User-Agent": FIREFOX}


@dataclass(frozen=True)
class Person:
    """Somebody with an account; the membership is empty as long as they belong nowhere."""

    name: str
    email: str
    user_guid: str
    organization_guid: str = ""
    membership_guid: str = ""


def add_organization(store: Store, name: str) -> str:
    with store.writing() as db:
        return put_organization(db, name)


def put_organization(db: Session, name: str) -> str:
    return organizations.create(db, OPERATOR, read_as(NewOrganization, name=name)).guid


def add_bank(store: Store, organization_guid: str, name: str, *, is_production: bool = False) -> str:
    with store.writing() as db:
        guid = put_bank(db, organization_guid, name)
        if is_production:
            banks.promote(db, OPERATOR, guid)
        return guid


def put_bank(db: Session, organization_guid: str, name: str) -> str:
    return banks.create(db, OPERATOR, organization_guid, usual_bank(name, BankType.SANDBOX)).guid


def add_person(store: Store, name: str, organization_guid: str = "", role: str = "", *, password: str = "") -> Person:
    """Somebody who has an account; a password costs what a password costs, so only where it is the point."""
    password_hash = passwords.hashed(password) if password else None
    with store.writing() as db:
        return put_person(db, name, organization_guid, role, password_hash=password_hash)


def put_person(
    db: Session, name: str, organization_guid: str = "", role: str = "", *, password_hash: str | None = None
) -> Person:
    user = User(guid=guids.new(), email=f"{name.lower()}@example.com", name=name, password_hash=password_hash)
    db.add(user)
    db.flush()
    person = Person(name, user.email, user.guid)
    return put_membership(db, person, organization_guid, role) if organization_guid else person


def add_membership(store: Store, person: Person, organization_guid: str, role: str) -> Person:
    """The same person, as a member of one more organization."""
    with store.writing() as db:
        return put_membership(db, person, organization_guid, role)


def put_membership(db: Session, person: Person, organization_guid: str, role: str) -> Person:
    membership = Membership(
        guid=guids.new(),
        organization_guid=organization_guid,
        email=person.email,
        role=Role(role),
        user_guid=person.user_guid,
    )
    db.add(membership)
    return Person(person.name, person.email, person.user_guid, organization_guid, membership.guid)


def open_session(store: Store, person: Person, *, address: str = ADDRESS, user_agent: str = FIREFOX) -> str:
    """The word of a new session's cookie, without signing in for it."""
    word = secrets.token_urlsafe(32)
    session = UserSession(
        user_guid=person.user_guid,
        id_digest=hashlib.sha256(word.encode()).digest(),
        organization_guid=person.organization_guid or None,
        address=address,
        user_agent=user_agent,
        created_at=clock.now(),
        last_seen_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=1),
    )
    with store.writing() as db:
        db.add(session)
    return word


def open_login(store: Store, person: Person, *, bank_guid: str | None = None, scope: str | None = None) -> str:
    """The guid of a new login, without anybody's approval."""
    login = Login(
        guid=guids.new(),
        membership_guid=person.membership_guid,
        bank_guid=bank_guid,
        scope=" ".join(sorted(Scope)) if scope is None else scope,
        address=ADDRESS,
        user_agent="ostiary",
        expires_at=clock.now() + dt.timedelta(days=1),
    )
    with store.writing() as db:
        db.add(login)
    return login.guid


def user_token(ostiary: Ostiary, login_guid: str) -> str:
    """As the program in which the person signed in gets it."""
    return issue(ostiary.store, ostiary.token.tokens, ostiary.keys.current_kid, login_guid)


def issue(store: Store, tokens: AccessTokens, kid: str, login_guid: str) -> str:
    with store.reading() as db:
        login = queries.by_login_guid(db, login_guid, kid)
    assert login is not None
    return LoginTokens(tokens, USER_TOKEN_SECONDS).issue(login).token.decode()


def browser(ostiary: Ostiary, settings: Settings, word: str = "", address: str = ADDRESS) -> TestClient:
    """A browser that shows our pages, with a session's cookie or signed out. It follows no redirects."""
    client = client_of(ostiary, settings, address, BROWSER)
    if word:
        put_cookie(client, Sessions(settings).cookie_name, word)
    return client


def put_cookie(client: TestClient, name: str, word: str) -> None:
    """As the server itself would set it, so that its own replaces it."""
    client.cookies.set(name, word, domain=client.base_url.host, path="/")


def signed_in(ostiary: Ostiary, settings: Settings, person: Person, address: str = ADDRESS) -> TestClient:
    """A browser of the person's own, in which they are signed in."""
    return browser(ostiary, settings, open_session(ostiary.store, person, address=address), address)


@dataclass
class Cast:
    """Acme owns North and South, Globex owns East."""

    ostiary: Ostiary
    settings: Settings
    acme: str = ""
    globex: str = ""
    north: str = ""
    south: str = ""
    east: str = ""
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # In one go, for hundreds of tests begin with it.
        with self.store.writing() as db:
            self.acme, self.globex = put_organization(db, "Acme"), put_organization(db, "Globex")
            self.north, self.south = put_bank(db, self.acme, "North"), put_bank(db, self.acme, "South")
            self.east = put_bank(db, self.globex, "East")
            self.people |= {
                "Alice": put_person(db, "Alice", self.acme, Role.OWNER),
                "Dana": put_person(db, "Dana", self.acme, Role.DEVELOPER),
                "Bob": put_person(db, "Bob", self.acme, Role.VIEWER),
                "Mallory": put_person(db, "Mallory", self.globex, Role.OWNER),
            }

    @property
    def store(self) -> Store:
        return self.ostiary.store

    def join(self, name: str, role: str, organization_guid: str = "", *, password: str = "") -> Person:
        """One more person in Acme, or elsewhere."""
        person = add_person(self.store, name, organization_guid or self.acme, role, password=password)
        self.people[name] = person
        return person

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def signed_in(self, name: str, address: str = ADDRESS) -> TestClient:
        return signed_in(self.ostiary, self.settings, self.people[name], address)

    def stranger(self, address: str = ADDRESS) -> TestClient:
        """Somebody who is signed out."""
        return browser(self.ostiary, self.settings, address=address)


def actor_of(person: Person, role: str) -> Actor:
    """Who a member is for a service, as their session would say."""
    rights = RIGHTS[Role(role)]
    return Actor(
        subject=Subject.USER,
        guid=person.membership_guid,
        organization_guid=person.organization_guid,
        scopes=rights.scopes,
        scopes_in_production=rights.in_production,
        is_owner=role == Role.OWNER,
        address=ADDRESS,
    )
