"""Who looks at pages: people in every role in three organizations, and those who were invited or shut out.

Those who were shut out still have a cookie. Whatever has a name is called `Somethingqzqacme`, so that a page that names
it says whose it is.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import quote

import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import service as keys
from ostiary.applications.models import ApplicationKind, SeenAddress
from ostiary.applications.observation import service as observation
from ostiary.applications.schemas import NewApplication
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.crypto import guids
from ostiary.oauth.models import DeviceCode
from ostiary.users import one_time_links
from ostiary.users.models import LinkPurpose, Membership, Role, User
from ostiary.web.schemas import read_as
from tests.oauth.desk import Desk, Key
from tests.oauth.window import JSON
from tests.pages.rows import PASSWORD, Row
from tests.people import Person, add_membership, add_organization, add_person, open_login, open_session
from tests.tenancy.choices import Relation
from tests.tenancy.things import with_names
from tests.tenancy.walks import Stage
from tests.tenancy.watching import Watch

OPERATOR = Actor.operator()
ORGANIZATIONS = ("acme", "globex", "initech")
CANARY = re.compile(r"\b(\w+)qzq(acme|globex|initech)", re.IGNORECASE)
TWIN = "Twin"
GUEST = "Guest"


def canary(name: str, organization: str) -> str:
    return f"{name}qzq{organization}"


def canaries(text: str) -> set[tuple[str, str]]:
    """What is named there, and whose it is."""
    return {(found[1].lower(), found[2].lower()) for found in CANARY.finditer(text)}


@dataclass(frozen=True)
class Sent:
    """One request for a page, as a browser sends it."""

    row: Row
    path: str
    query: Mapping[str, str]
    form: Mapping[str, Sequence[str]]
    # Of what the row is about to whoever asks.
    relation: Relation | None = None

    def __str__(self) -> str:
        return f"{self.row}, {self.relation}: {self.path} {self.query} {self.form}"

    @property
    def text(self) -> str:
        """Everything that could name something."""
        return " ".join([self.path, *self.query.values(), *(each for values in self.form.values() for each in values)])

    def with_names(self, others: Mapping[str, str]) -> Self:
        query = {name: with_names(value, others) for name, value in self.query.items()}
        form = {name: [with_names(each, others) for each in values] for name, values in self.form.items()}
        return replace(self, path=with_names(self.path, others), query=query, form=form)


@dataclass(frozen=True)
class Tally:
    """Pages by route: which did what they are for, changed something, denied that somebody else's thing exists."""

    done: set[str] = field(default_factory=set)
    effective: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)


class PageCast(Stage):
    def __init__(self, desk: Desk, watch: Watch, browser: TestClient, cookie_name: str) -> None:
        super().__init__(desk, watch)
        self.tally = Tally()
        self.guids: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        # Of every organization: of a key of its own and of one of its banks' keys.
        self.tokens: list[str] = []
        self._browser, self._cookie_name = browser, cookie_name
        for name in ORGANIZATIONS:
            self._enter(name)
        # Twin owns Acme and develops in Globex.
        twin = add_person(self.store, TWIN, self.guids["acme"], Role.OWNER, password=PASSWORD)
        add_membership(self.store, twin, self.guids["globex"], Role.DEVELOPER)
        self.people[TWIN] = twin
        self.people[GUEST] = add_person(self.store, GUEST)
        self.link = self._invite(self.people[GUEST], self.guids["acme"])
        for person in (twin, *self.people.values()):
            if person.membership_guid:
                open_login(self.store, person)
        self.user_codes = [self._user_code() for _ in range(4)]
        with self.store.writing() as db:
            # Walks go on for longer than anybody waits at a terminal.
            db.execute(sa.update(DeviceCode).values(expires_at=clock.now() + dt.timedelta(days=1)))
        self.words = {name: open_session(self.store, person) for name, person in self.people.items()}
        desk.ostiary.usage.write(self.store)
        self._words = dict(self.words)
        self.remember()

    def begin(self) -> None:
        super().begin()
        self.words = dict(self._words)

    def let_in(self, name: str, organization_guid: str) -> None:
        """A new session, as after signing in."""
        person = self.people[name]
        at = Person(person.name, person.email, person.user_guid, organization_guid)
        self.words[name] = open_session(self.store, at)

    def send(self, name: str, sent: Sent) -> Response:
        self._browser.cookies.clear()
        headers = {"Cookie": f"{self._cookie_name}={self.words[name]}"}
        path, query = quote(sent.path), dict(sent.query)
        form = dict(sent.form) if sent.row.method == "POST" else None
        return self._browser.request(sent.row.method, path, params=query, data=form, headers=headers)

    def _enter(self, name: str) -> None:
        guid = self.guids[name] = add_organization(self.store, canary("Org", name))
        for role in Role:
            person = add_person(self.store, canary(role.capitalize(), name), guid, role, password=PASSWORD)
            self.people[person.name] = person
        for state in ("Invited", "Disabled"):
            for role in (Role.VIEWER, Role.OWNER):
                self._member(canary(f"{state}{role.capitalize()}", name), guid, role, is_invited=state == "Invited")
        self._bar(canary("Barred", name), guid)
        for bank in ("Vault", "Fund", "Sand"):
            self._bank(guid, canary(bank, name), name, is_production=bank == "Vault")
        self._key(guid, "", canary("Head", name))
        self._key(guid, "", canary("Resting", name), is_paused=True)
        self._observed_key(guid, "", canary("Pupil", name))
        self.tokens.append(self.desk.token(self.desk.key(guid)))

    def _user_code(self) -> str:
        body = json.dumps({"client_id": "ostiary-cli"}).encode()
        made = self.desk.request("/oauth/device_authorization", [JSON], method="POST", body=body)
        return str(made.json["user_code"])

    def _invite(self, person: Person, organization_guid: str) -> str:
        """The word of the link."""
        guid = guids.new()
        invited = Membership(guid=guid, organization_guid=organization_guid, email=person.email, role=Role.VIEWER)
        with self.store.writing() as db:
            db.add(invited)
            db.flush()  # the link names the membership
            path = one_time_links.make(db, LinkPurpose.INVITATION, membership_guid=guid)
        return path.rpartition("/")[2]

    def _bar(self, name: str, organization_guid: str) -> None:
        """The operator has shut the account everywhere."""
        person = self.people[name] = add_person(self.store, name, organization_guid, Role.OWNER)
        with self.store.writing() as db:
            db.get_one(User, person.user_guid).disabled_at = clock.now()

    def _member(self, name: str, organization_guid: str, role: Role, *, is_invited: bool) -> None:
        if not is_invited:
            person = self.people[name] = add_person(self.store, name, organization_guid, role)
            with self.store.writing() as db:
                found = db.get_one(Membership, person.membership_guid)
                found.disabled_at = found.created_at
            return
        invited = Membership(organization_guid=organization_guid, email=f"{name.lower()}@example.com", role=role)
        with self.store.writing() as db:
            db.add(invited)

    def _bank(self, organization_guid: str, bank: str, name: str, *, is_production: bool) -> None:
        with self.store.writing() as db:
            guid = banks.create(db, OPERATOR, organization_guid, usual_bank(bank, BankType.SANDBOX)).guid
        token = self.desk.token(self.desk.key(organization_guid, guid))
        self.tokens.append(token)
        person = {"first": canary("Ann", name), "last": canary("Doe", name)}
        body = {"type": "individual", "name": person, "labels": [canary("label", name)]}
        headers = [(b"authorization", f"Bearer {token}".encode()), JSON]
        made = self.desk.request("/api/customers", headers, method="POST", body=json.dumps(body).encode())
        assert made.status == 201, made
        self._key(organization_guid, guid, canary("Till", name))
        self._key(organization_guid, guid, canary("Asleep", name), is_paused=True)
        self._observed_key(organization_guid, guid, canary("Learner", name))
        if is_production:
            with self.store.writing() as db:
                banks.promote(db, OPERATOR, guid)

    def _observed_key(self, organization_guid: str, bank_guid: str, name: str) -> None:
        key = self._key(organization_guid, bank_guid, name, ip_allowlist=[])
        with self.store.writing() as db:
            made = observation.observe(db, OPERATOR, self.desk.kind(key), key.client_id)
            now = clock.now()
            seen = {"address": "10.0.0.1", "first_seen_at": now, "last_seen_at": now, "count": 1}
            db.add(SeenAddress(application_guid=made.guid, **seen))

    def _key(
        self,
        organization_guid: str,
        bank_guid: str,
        name: str,
        *,
        is_paused: bool = False,
        ip_allowlist: Sequence[str] = ("10.0.0.1",),
    ) -> Key:
        expires_at = clock.now() + dt.timedelta(days=90)
        new = read_as(NewApplication, name=name, expires_at=expires_at, ip_allowlist=list(ip_allowlist))
        make = keys.create_for_bank if bank_guid else keys.create_for_organization
        kind = ApplicationKind.BANK if bank_guid else ApplicationKind.ORGANIZATION
        with self.store.writing() as db:
            made = make(db, OPERATOR, self.desk.ostiary.token.client.digester, bank_guid or organization_guid, new)
            if is_paused:
                keys.pause(db, OPERATOR, kind, made.application.guid)
        return Key(made.application.client_id, made.secret, organization_guid, bank_guid)
