"""Acme and Globex with a person in every role, and one more of whatever a page is about."""

import datetime as dt
from collections.abc import Callable
from itertools import count

import sqlalchemy as sa
from httpx2 import Response
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications import service as applications
from ostiary.applications.credentials import Digester
from ostiary.applications.models import ApplicationKind, SeenAddress
from ostiary.applications.observation import service as observation
from ostiary.applications.schemas import NewApplication
from ostiary.crypto import guids
from ostiary.customers.models import Customer, CustomerLabel, CustomerType
from ostiary.oauth import device_codes, queries
from ostiary.oauth.device_codes import Asked
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.presented import Digests
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.settings import Settings
from ostiary.users import one_time_links, passwords
from ostiary.users.models import LinkPurpose, Login, Membership, OneTimeLink, Role, User, UserSession
from ostiary.web.schemas import read_as
from tests.pages.rows import PASSWORD, Row
from tests.people import OPERATOR, Cast, Person, add_bank, add_person, open_login, open_session
from tests.secrecy.search import rows

NAMES = {Role.OWNER: "Alice", Role.ADMINISTRATOR: "Ada", Role.DEVELOPER: "Dana", Role.VIEWER: "Bob"}


def texts(typed: str | tuple[str, ...]) -> tuple[str, ...]:
    """One field may have several values."""
    return (typed,) if isinstance(typed, str) else typed


def filled_in(text: str, thing: str, new: str, organization_guid: str) -> str:
    return text.replace("{guid}", thing).replace("{new}", new).replace("{organization}", organization_guid)


class World(Cast):
    """`own` makes a thing of Acme's, `foreign` one of Globex's; both for the person who will ask."""

    def __init__(self, ostiary: Ostiary, settings: Settings, digester: Digester) -> None:
        super().__init__(ostiary, settings)
        self._digester = digester
        self._numbers = count(1)
        self._password_hash = passwords.hashed(PASSWORD)
        self.join("Ada", Role.ADMINISTRATOR)
        self.people["Nemo"] = add_person(self.store, "Nemo")
        self.vaults = {guid: add_bank(self.store, guid, "Fund", is_production=True) for guid in self._organizations}
        # The guided start is about the newest bank, which is a sandbox.
        self.sandboxes = {guid: add_bank(self.store, guid, "Fund") for guid in self._organizations}
        with self.store.writing() as db:
            db.execute(sa.update(User).values(password_hash=self._password_hash))

    @property
    def _organizations(self) -> tuple[str, str]:
        return self.acme, self.globex

    def person(self, role: Role) -> Person:
        return self[NAMES[role]]

    def own(self, about: str, person: Person) -> str:
        if about == "set-up link":
            self._remove_everybody()
        return self._make(about, self.acme, person)

    def foreign(self, about: str) -> str:
        # Links belong to whoever has them: the wrong one is a link that is for something else.
        other = "password link" if about == "set-up link" else "set-up link"
        return self._make(other if about.endswith("link") else about, self.globex, self["Mallory"])

    def ask(self, browser: TestClient, row: Row, thing: str = "", new: str = "") -> Response:
        path = row.path.format(guid=thing, word=thing)
        new = new or f"{next(self._numbers):0>43}"
        form = {
            name: [filled_in(each, thing, new, self.acme) for each in texts(typed)] for name, typed in row.form.items()
        }
        return browser.post(path, data=form) if row.method == "POST" else browser.get(path)

    def contents(self) -> list[tuple[str, bytes]]:
        """Every value of the database, but for when sessions were seen, and the sessions that tests open."""
        return [each for each in rows(self.store) if not each[0].startswith("user_sessions.")]

    def _make(self, about: str, organization_guid: str, person: Person) -> str:
        state, _, kind = about.rpartition(" ")
        makers: dict[str, Callable[[], str]] = {
            "": str,
            "organization": lambda: organization_guid,
            "bank": lambda: self._bank(state, organization_guid),
            "customer": lambda: self._customer(self._bank(state, organization_guid), organization_guid),
            "key": lambda: self._key(state, organization_guid),
            "member": lambda: self._member(state, organization_guid, Role.VIEWER),
            "owner": lambda: self._member(state, organization_guid, Role.OWNER),
            "session": lambda: self._session(person),
            "login": lambda: open_login(self.store, person),
            "code": lambda: self._code(is_answered=organization_guid != self.acme),
            "link": lambda: self._link(state, person),
        }
        return makers[kind]()

    def _bank(self, state: str, organization_guid: str) -> str:
        if state == "new":
            return add_bank(self.store, organization_guid, "Newest")
        return (self.vaults if state == "production" else self.sandboxes)[organization_guid]

    def _customer(self, bank_guid: str, organization_guid: str) -> str:
        guid = guids.new()
        type_ = CustomerType.INDIVIDUAL
        with self.store.writing() as db:
            label = CustomerLabel(customer_guid=guid, position=0, label="loyalty")
            db.add(
                Customer(
                    guid=guid, bank_guid=bank_guid, organization_guid=organization_guid, type=type_, labels=[label]
                )
            )
        return guid

    def _key(self, state: str, organization_guid: str) -> str:
        expires_at = clock.now() + dt.timedelta(days=90)
        listed = [] if {"observed", "unlisted"} & set(state.split()) else ["10.0.0.1"]
        new = read_as(NewApplication, name="Till", expires_at=expires_at, ip_allowlist=listed)
        with self.store.writing() as db:
            if "organization" in state:
                kind = ApplicationKind.ORGANIZATION
                pair = applications.create_for_organization(db, OPERATOR, self._digester, organization_guid, new)
            else:
                kind = ApplicationKind.BANK
                banks = self.vaults if "production" in state else self.sandboxes
                pair = applications.create_for_bank(db, OPERATOR, self._digester, banks[organization_guid], new)
            made = pair.application
            if "paused" in state:
                applications.pause(db, OPERATOR, kind, made.guid)
            if "observed" in state:
                observation.observe(db, OPERATOR, kind, made.guid)
                now = clock.now()
                seen = {"address": "10.0.0.1", "first_seen_at": now, "last_seen_at": now, "count": 1}
                db.add(SeenAddress(application_guid=made.guid, **seen))
            return made.guid

    def _member(self, state: str, organization_guid: str, role: Role) -> str:
        name = f"Member-{next(self._numbers)}"
        if state == "invited":
            guid = guids.new()
            with self.store.writing() as db:
                email = f"{name}@example.com"
                db.add(Membership(guid=guid, organization_guid=organization_guid, email=email, role=role))
            return guid
        guid = add_person(self.store, name, organization_guid, role).membership_guid
        if state == "disabled":
            with self.store.writing() as db:
                db.execute(sa.update(Membership).where(Membership.guid == guid).values(disabled_at=clock.now()))
        return guid

    def _session(self, person: Person) -> str:
        open_session(self.store, person)
        theirs = UserSession.user_guid == person.user_guid
        with self.store.reading() as db:
            newest = sa.select(UserSession.guid).where(theirs).order_by(UserSession.created_at.desc()).limit(1)
            return db.scalars(newest).one()

    def _code(self, *, is_answered: bool) -> str:
        """A program asks for it; nobody owns it, so that somebody else's is one that they have answered."""
        asked = Asked(None, None, "198.51.100.4", "ostiary/0")
        digests = Digests(self._digester)
        with self.store.writing() as db:
            db.execute(sa.delete(DeviceCode))
            made = device_codes.create(db, self.store, digests, asked)
            db.flush()  # the answer names the code
            code = queries.by_user_code_digest(db, digests.of(made.user_code), clock.now())
            assert code is not None
            if is_answered:
                device_codes.deny(db, OPERATOR, code)
        return made.user_code

    def _link(self, state: str, person: Person) -> str:
        with self.store.writing() as db:
            if state == "set-up":
                path = one_time_links.make(db, LinkPurpose.SET_UP)
            elif state == "password":
                path = one_time_links.make(db, LinkPurpose.NEW_PASSWORD, user_guid=person.user_guid)
            else:
                # A newcomer's, or one for somebody who has an account and belongs elsewhere so far.
                email = person.email if state == "own invitation" else f"newcomer-{next(self._numbers)}@example.com"
                path = one_time_links.make(db, LinkPurpose.INVITATION, membership_guid=self._invited(db, email))
        return path.rpartition("/")[2]

    def _invited(self, db: Session, email: str) -> str:
        owner = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Initech"))
        member = Membership(guid=guids.new(), organization_guid=owner.guid, email=email, role=Role.VIEWER)
        db.add(member)
        db.flush()  # the link names the membership
        return member.guid

    def _remove_everybody(self) -> None:
        """Only then does a set-up link let somebody in."""
        with self.store.writing() as db:
            for table in (UserSession, OneTimeLink, Login, Membership, User):
                db.execute(sa.delete(table))
