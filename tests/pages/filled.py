"""Acme as it looks after three months: people, banks, keys in every state, customers, and what happened on the way."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage, SeenAddress
from ostiary.banks import service as banks
from ostiary.settings import Settings
from ostiary.users import passwords
from ostiary.users.models import Membership, Role, User
from tests import people
from tests.applications.cast import Shown, form_at, generate, shown_in
from tests.people import OPERATOR

NEW_KEY = "/developers/keys/new"
PASSWORD = "correct horse battery staple"
GRANT = {"grant_type": "client_credentials"}
PERSONS = (
    ("Amelia", "Stone", "1984-03-12", "12 Harbour Road", "London"),
    ("Noor", "Rahman", "1991-11-02", "4 Mill Lane", "Leeds"),
    ("Jonas", "Weber", "1979-06-30", "88 Castle Street", "Edinburgh"),
    ("Chloé", "Dubois", "1996-01-23", "31 Station Parade", "Bristol"),
    ("Tomás", "Herrera", "1988-08-08", "7 Queen Square", "Bath"),
    ("Ingrid", "Solberg", "1972-12-19", "19 Victoria Terrace", "York"),
)
# By bank or everywhere, hour and outcome.
Summed = Counter[tuple[str, dt.datetime, str]]


@dataclass
class Filled:
    """What the pages about it need in their addresses."""

    ostiary: Ostiary
    settings: Settings
    acme: str = ""
    bank: dict[str, str] = field(default_factory=dict)
    key: dict[str, Shown] = field(default_factory=dict)
    member: dict[str, str] = field(default_factory=dict)
    customer: str = ""
    expired_token: str = ""
    # Cookies of people who are signed in.
    word: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def ago(self, days: float) -> Iterator[TestClient]:
        """Alice at her browser, some days ago."""
        with time_machine.travel(clock.now() - dt.timedelta(days=days), tick=True):
            yield people.signed_in(self.ostiary, self.settings, self.people["Alice"], "203.0.113.7")

    def fill(self) -> "Filled":
        with time_machine.travel(clock.now() - dt.timedelta(days=90), tick=True):
            self._found()
        self._keys()
        self._changes()
        self._customers()
        self._usage()
        self._addresses()
        for name in ("Alice", "Bob", "Nemo", "Zoe"):
            self.word[name] = people.open_session(self.ostiary.store, self.people[name])
        for name in ("Alice", "Dana"):
            people.open_login(self.ostiary.store, self.people[name], bank_guid=self.bank["North"])
        return self

    def _found(self) -> None:
        store = self.ostiary.store
        self.acme = people.add_organization(store, "Acme")
        for name in ("North", "South"):
            self.bank[name] = people.add_bank(store, self.acme, name)
        with store.writing() as db:
            banks.promote(db, OPERATOR, self.bank["South"])
        roles = {"Alice": Role.OWNER, "Ada": Role.ADMINISTRATOR, "Dana": Role.DEVELOPER, "Bob": Role.VIEWER}
        self.people = {name: people.add_person(store, name, self.acme, role) for name, role in roles.items()}
        # Somebody without an organization, and the owner of an empty one.
        self.people["Nemo"] = people.add_person(store, "Nemo")
        self.people["Zoe"] = people.add_person(store, "Zoe", people.add_organization(store, "Zenith"), Role.OWNER)
        self.member = {name: person.membership_guid for name, person in self.people.items()}
        full = {"Alice": "Alice Weaver", "Ada": "Ada Brandt", "Dana": "Dana Ortiz", "Bob": "Bob Lindqvist"}
        with store.writing() as db:
            db.execute(sa.update(User).values(password_hash=passwords.hashed(PASSWORD)))
            for name, whole in full.items():
                db.execute(sa.update(User).where(User.guid == self.people[name].user_guid).values(name=whole))

    def _keys(self) -> None:
        for days, name, bank, life, addresses in (
            (88, "Loyalty app", "North", "90", ""),
            (80, "Old importer", "North", "30", ""),
            (61, "North checkout", "North", "90", "203.0.113.0/24\n2001:db8:7::/48"),
            (40, "Partner demo", "North", "90", ""),
            (33, "Payouts", "South", "180", "198.51.100.24"),
            (21, "Nightly reconciliation", "South", "365", "10.0.0.0/16"),
            (12, "Back office", "", "90", "203.0.113.7"),
            (11, "Price checker", "North", "90", ""),
            (10, "Stock levels", "North", "90", ""),
            (9, "Leaked in a chat", "North", "30", ""),
            (2, "Webshop staging", "North", "90", ""),
        ):
            with self.ago(days) as alice:
                at = f"{NEW_KEY}?kind=organization" if not bank else f"{NEW_KEY}?bank={self.bank[bank]}"
                typed = {"name": name, "expires_at": life, "ip_allowlist": addresses}
                self.key[name] = shown_in(generate(alice, at, **typed))

    def _changes(self) -> None:
        with self.ago(6) as alice:
            self._confirm(alice, "Partner demo", "pause")
            invitation = {"email": "carol@example.com", "role": "developer", "organization_guid": self.acme}
            alice.post("/team/invitations", data=invitation)
            with self.ostiary.store.reading() as db:
                invited = sa.select(Membership.guid).where(Membership.email == "carol@example.com")
                self.member["Carol"] = db.scalars(invited).one()
            self._confirm(alice, "Price checker", "observation")
            self._confirm(alice, "Stock levels", "observation")
        with self.ago(5) as alice:
            self._confirm(alice, "Leaked in a chat", "revocation")
            path = f"/developers/keys/{self.key['Loyalty app'].guid}/replacement"
            self.key["Loyalty app, new"] = shown_in(generate(alice, path))
        with self.ago(1) as alice:
            path = f"/developers/keys/{self.key['Webshop staging'].guid}/edit"
            alice.post(path, data=form_at(alice, path, ip_allowlist="192.0.2.0/24"))
            path = f"/developers/keys/{self.key['Price checker'].guid}/addresses"
            alice.post(path, data={"ip_allowlist": "203.0.113.8/29 2001:db8:7::/64"})

    def _confirm(self, alice: TestClient, name: str, noun: str) -> None:
        alice.post(f"/developers/keys/{self.key[name].guid}/{noun}", data={"confirmed": "yes"})

    def _customers(self) -> None:
        for number, (first, last, born, street, city) in enumerate(PERSONS):
            with self.ago(10 - 1.5 * number) as browser:
                key = self.key["North checkout"]
                pair = {"client_id": key.client_id, "client_secret": key.secret}
                token = browser.post("/oauth/token", data=GRANT | pair).json()["access_token"]
                self.expired_token = self.expired_token or token
                body = {
                    "type": "individual",
                    "name": {"first": first, "last": last},
                    "date_of_birth": born,
                    "address": {"street": street, "city": city, "postal_code": "LS1 4AP", "country_code": "GB"},
                    "labels": ["loyalty"] if number % 2 else None,
                }
                made = browser.post("/api/customers", json=body, headers={"Authorization": f"Bearer {token}"})
                assert made.status_code == 201, made.text
                self.customer = made.json()["guid"]

    def _usage(self) -> None:
        now = clock.now().replace(minute=0, second=0, microsecond=0)
        with self.ostiary.store.writing() as db:
            db.execute(sa.delete(ApplicationUsage))
            db.execute(sa.delete(OrganizationUsage))
            summed: Summed = Counter()
            for name, most in (("North checkout", 40), ("Payouts", 18), ("Loyalty app, new", 7)):
                for hours in range(1, 720):
                    hour = now - dt.timedelta(hours=hours)
                    wave = 1 + math.sin(hour.hour / 24 * math.tau - 2) + (0.3 if hour.weekday() < 5 else -0.4)
                    if count := round(most * max(wave, 0) * (1 + hours % 5 / 10)):
                        self._count(db, summed, name, hour, "token_issued", count)
                self._used(db, name, dt.timedelta(minutes=2), "203.0.113.7")
            for name, outcome, count in (
                ("North checkout", "invalid_client", 3),
                ("Payouts", "address_not_allowed", 12),
                ("Partner demo", "paused", 41),
                ("Leaked in a chat", "revoked", 6),
            ):
                self._count(db, summed, name, now - dt.timedelta(hours=3), outcome, count)
            for (place, hour, outcome), count in summed.items():
                whose = {"organization_guid": self.acme, "bank_guid": place}
                db.add(OrganizationUsage(**whose, hour=hour, outcome=outcome, count=count))
            self._used(db, "Partner demo", dt.timedelta(days=6), "192.0.2.44")
            self._used(db, "Back office", dt.timedelta(days=1), "203.0.113.7")

    def _addresses(self) -> None:
        now = clock.now()
        with self.ostiary.store.writing() as db:
            for address, first_days, last_hours, count in (
                ("203.0.113.9", 6, 0.1, 2_310),
                ("203.0.113.10", 6, 0.2, 2_292),
                ("203.0.113.14", 4, 1, 840),
                ("2001:db8:7::1f:8a20", 5.5, 3, 96),
                ("2001:db8:7:0:9c1e:77ff:fe20:41d3", 5, 26, 12),
                ("198.51.100.77", 3, 50, 4),
                ("2001:db8:90ab:cdef:1234:5678:9abc:def0", 2, 30, 1),
            ):
                db.add(
                    SeenAddress(
                        application_guid=self.key["Price checker"].guid,
                        address=address,
                        first_seen_at=now - dt.timedelta(days=first_days),
                        last_seen_at=now - dt.timedelta(hours=last_hours),
                        count=count,
                    )
                )

    def _count(self, db: Session, summed: Summed, name: str, hour: dt.datetime, outcome: str, count: int) -> None:
        guid = self.key[name].guid
        db.add(ApplicationUsage(hour=hour, application_guid=guid, outcome=outcome, count=count))
        bank_guid = self.bank["South" if name == "Payouts" else "North"]
        for place in (bank_guid, EVERYWHERE):
            summed[place, hour, outcome] += count

    def _used(self, db: Session, name: str, ago: dt.timedelta, address: str) -> None:
        mine = Application.guid == self.key[name].guid
        db.execute(sa.update(Application).where(mine).values(last_used_at=clock.now() - ago, last_used_from=address))
