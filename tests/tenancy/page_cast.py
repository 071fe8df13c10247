"""Who looks at pages: three organizations, a person in every role in each, and one who belongs to two of them.

Whatever has a name is called `Somethingqzqacme`, so that a page that names it says whose it is.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from httpx2 import Response

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import service as keys
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import NewApplication
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.settings import Settings
from ostiary.users.models import Membership, Role
from ostiary.users.session import Sessions
from ostiary.web.schemas import read_as
from tests.oauth.desk import Desk, Key
from tests.oauth.window import JSON
from tests.people import Person, add_membership, add_organization, add_person, browser, open_session
from tests.tenancy.state import Base, Readings

OPERATOR = Actor.operator()
ORGANIZATIONS = ("acme", "globex", "initech")
CANARY = re.compile(r"(\w+)qzq(acme|globex|initech)", re.IGNORECASE)
TWIN = "Twin"


def canary(name: str, organization: str) -> str:
    return f"{name}qzq{organization}"


@dataclass(frozen=True)
class Sent:
    """One request for a page, as a browser sends it."""

    route: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, list[str]]

    @property
    def text(self) -> str:
        """Everything that could name something."""
        return " ".join([self.path, *self.query.values(), *(each for values in self.form.values() for each in values)])


class PageCast:
    """Made once; every walk begins with the same rows."""

    def __init__(self, desk: Desk, settings: Settings, readings: Readings) -> None:
        self.desk, self.store, self.readings = desk, desk.store, readings
        self.steps = 0
        self.asked: set[str] = set()
        self.guids: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        # Of every organization: of a key of its own and of one of its banks' keys.
        self.tokens: list[tuple[str, str]] = []
        self._cookie = Sessions(settings).cookie_name
        self._browser = browser(desk.ostiary, settings)
        Base.of(self.store, "signing_keys").restore(self.store)
        for name in ORGANIZATIONS:
            self._enter(name)
        # Twin owns Acme and develops in Globex.
        twin = add_person(self.store, TWIN, self.guids["acme"], Role.OWNER)
        add_membership(self.store, twin, self.guids["globex"], Role.DEVELOPER)
        self.people[TWIN] = twin
        self.words = {name: open_session(self.store, person) for name, person in self.people.items()}
        desk.ostiary.usage.write(self.store)
        self._words = dict(self.words)
        self._base = Base.of(self.store)

    def begin(self) -> None:
        self._base.restore(self.store)
        self.words = dict(self._words)

    def let_in(self, name: str, organization_guid: str) -> None:
        """A new session, as after signing in."""
        person = self.people[name]
        at = Person(person.name, person.email, person.user_guid, organization_guid)
        self.words[name] = open_session(self.store, at)

    def send(self, name: str, sent: Sent) -> Response:
        self._browser.cookies.clear()
        headers = {"Cookie": f"{self._cookie}={self.words[name]}"}
        method = sent.route.partition(" ")[0]
        form = dict(sent.form) if method == "POST" else None
        return self._browser.request(method, quote(sent.path), params=dict(sent.query), data=form, headers=headers)

    def _enter(self, name: str) -> None:
        guid = self.guids[name] = add_organization(self.store, canary("Org", name))
        for role in Role:
            person = add_person(self.store, canary(role.capitalize(), name), guid, role)
            self.people[person.name] = person
        for state in ("Invited", "Disabled"):
            for role in (Role.VIEWER, Role.OWNER):
                self._member(canary(f"{state}{role}", name), guid, role, is_invited=state == "Invited")
        for bank in ("Vault", "Fund", "Sand"):
            self._bank(guid, canary(bank, name), name, is_production=bank == "Vault")
        self._key(guid, "", canary("Head", name))
        self._key(guid, "", canary("Resting", name), is_paused=True)
        self.tokens.append((name, self.desk.token(self.desk.key(guid))))

    def _member(self, name: str, organization_guid: str, role: Role, *, is_invited: bool) -> None:
        if not is_invited:
            guid = add_person(self.store, name, organization_guid, role).membership_guid
            with self.store.writing() as db:
                found = db.get_one(Membership, guid)
                found.disabled_at = found.created_at
            return
        invited = Membership(organization_guid=organization_guid, email=f"{name.lower()}@example.com", role=role)
        with self.store.writing() as db:
            db.add(invited)

    def _bank(self, organization_guid: str, bank: str, name: str, *, is_production: bool) -> None:
        with self.store.writing() as db:
            guid = banks.create(db, OPERATOR, organization_guid, usual_bank(bank, BankType.SANDBOX)).guid
        token = self.desk.token(self.desk.key(organization_guid, guid))
        self.tokens.append((name, token))
        person = {"first": canary("Ann", name), "last": canary("Doe", name)}
        body = {"type": "individual", "name": person, "labels": [canary("label", name)]}
        headers = [(b"authorization", f"Bearer {token}".encode()), JSON]
        made = self.desk.request("/api/customers", headers, method="POST", body=json.dumps(body).encode())
        assert made.status == 201, made
        self._key(organization_guid, guid, canary("Till", name))
        self._key(organization_guid, guid, canary("Asleep", name), is_paused=True)
        if is_production:
            with self.store.writing() as db:
                banks.promote(db, OPERATOR, guid)

    def _key(self, organization_guid: str, bank_guid: str, name: str, *, is_paused: bool = False) -> Key:
        expires_at = clock.now() + dt.timedelta(days=90)
        new = read_as(NewApplication, name=name, expires_at=expires_at, ip_allowlist=["10.0.0.1"])
        make = keys.create_for_bank if bank_guid else keys.create_for_organization
        kind = ApplicationKind.BANK if bank_guid else ApplicationKind.ORGANIZATION
        with self.store.writing() as db:
            made = make(db, OPERATOR, self.desk.ostiary.token.digester, bank_guid or organization_guid, new)
            if is_paused:
                keys.pause(db, OPERATOR, kind, made.application.guid)
        return Key(made.application.client_id, made.secret, organization_guid, bank_guid)
