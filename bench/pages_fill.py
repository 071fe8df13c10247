"""A large organization for the dashboard: keys, customers, a month of events and of use, and somebody signed in."""

import datetime as dt
import hashlib
import random
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from bench.fill import Row, row, settings_of, table_of, tidy
from bench.servers import Home
from ostiary import clock
from ostiary.access.actor import Subject
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage
from ostiary.banks.models import Bank
from ostiary.customers.models import Customer, CustomerType
from ostiary.db.model import Model
from ostiary.db.store import Store
from ostiary.events.catalog import EventType
from ostiary.events.models import Event
from ostiary.users import one_time_links
from ostiary.users.models import LinkPurpose, Membership, Role, User, UserSession

ROWS_PER_COMMIT = 20_000
DAYS = 30
BANKS = 100
# More than one page of the team shows.
PEOPLE = 120
# A key's programs work at some hours of the day; the first key's work all the time.
HOURS_APART = 12
OUTCOMES = (("token_issued", 40), ("invalid_client", 1), ("expired", 2))
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Sizes:
    keys: int = 10_000
    customers: int = 100_000
    events: int = 1_000_000


@dataclass(frozen=True)
class Places:
    """What the addresses of pages name. Of everything that is listed, one stands deep in its list."""

    cookie: str
    bank: str
    key: str
    client_id: str
    person: str
    customer: str
    deep_key: str
    deep_customer: str
    deep_event: str
    deep_bank: str
    deep_person: str
    # Somebody who was invited and has not come yet, and where links lead that were sent.
    invited: str
    join_path: str
    password_path: str


def fill(home: Home, sizes: Sizes) -> Places:
    store = Store(settings_of(home))
    try:
        return _fill(store, home, sizes)
    finally:
        store.close()


def _fill(store: Store, home: Home, sizes: Sizes) -> Places:
    with store.reading() as db:
        first = row(db, Application, Application.client_id == home.pair.client_id)
        bank = row(db, Bank, Bank.guid == first["bank_guid"])
    month = Month(clock.now(), first, bank)
    banks = list(month.banks())
    keys = list(month.keys(banks, sizes.keys))
    customers = list(month.customers(banks, sizes.customers))
    people, members, session = month.people()
    word = secrets.token_urlsafe(32)
    session["id_digest"] = hashlib.sha256(word.encode()).digest()
    guids = [member["guid"] for member in members]
    invited = month.invited()
    _put(store, Bank, banks[1:])
    _put(store, Application, keys[1:])
    _put(store, Customer, customers)
    _put(store, User, people)
    _put(store, Membership, [*members, invited])
    _put(store, UserSession, [session])
    last = _put(store, Event, month.events(keys, customers, guids, sizes.events), keep=sizes.events // 20)
    _put(store, ApplicationUsage, month.usage(keys))
    _put(store, OrganizationUsage, month.usage_of(banks))
    join_path, password_path = _links(store, invited["guid"], people[-1]["guid"])
    tidy(store)
    return Places(
        cookie=word,
        bank=bank["guid"],
        key=first["guid"],
        client_id=first["client_id"],
        person=guids[0],
        customer=customers[-1]["guid"],
        deep_key=keys[len(keys) // 20 or 1]["guid"],
        deep_customer=customers[len(customers) // 20]["guid"],
        deep_event=last["guid"],
        deep_bank=banks[len(banks) // 20]["guid"],
        deep_person=guids[-2],
        invited=invited["guid"],
        join_path=join_path,
        password_path=password_path,
    )


def _links(store: Store, invited: str, forgetful: str) -> tuple[str, str]:
    with store.writing() as db:
        join_path = one_time_links.make(db, LinkPurpose.INVITATION, membership_guid=invited)
        return join_path, one_time_links.make(db, LinkPurpose.NEW_PASSWORD, user_guid=forgetful)


def _put(store: Store, model: type[Model], rows: Iterable[Row], keep: int = 0) -> Row:
    """Write the rows and return the one of that number."""
    kept: Row = {}
    done = 0
    left = iter(rows)
    while some := list(islice(left, ROWS_PER_COMMIT)):
        with store.writing() as db:
            db.execute(sa.insert(table_of(model)), some)
        if done <= keep < done + len(some):
            kept = some[keep - done]
        done += len(some)
    return kept


class Month:
    """Rows of the last thirty days, each with an id of its moment, as the server makes them."""

    def __init__(self, now: dt.datetime, first: Row, bank: Row) -> None:
        self.chance = random.Random(4711)  # noqa: S311 - repeatable, no secret
        self.now = now
        self.first = first
        self.bank = bank
        self.number = 0

    def guid(self, moment: dt.datetime) -> str:
        self.number += 1
        milliseconds = int(moment.timestamp() * 1000)
        return f"{milliseconds:012x}7{self.number & 0xFFF:03x}8{self.chance.getrandbits(60):015x}"

    def moments(self, count: int) -> Iterator[dt.datetime]:
        """Evenly over the month, the oldest first."""
        start, step = self.now - dt.timedelta(days=DAYS), dt.timedelta(days=DAYS) / (count + 1)
        return (cut(start + number * step) for number in range(1, count + 1))

    def recorded(self, moment: dt.datetime) -> Row:
        return {"guid": self.guid(moment), "created_at": moment, "updated_at": moment}

    def banks(self) -> Iterator[Row]:
        yield self.bank
        for number, moment in enumerate(self.moments(BANKS - 1)):
            yield {**self.bank, **self.recorded(moment), "name": f"Bank {number}"}

    def keys(self, banks: list[Row], count: int) -> Iterator[Row]:
        yield self.first
        for number, moment in enumerate(self.moments(count - 1)):
            yield {
                **self.first,
                **self.recorded(moment),
                "name": f"Program {number}",
                "client_id": f"ostid_{secrets.token_hex(19)}",
                "bank_guid": self.some(banks)["guid"],
                # One in five has expired, some will soon.
                "expires_at": self.now + dt.timedelta(days=self.chance.uniform(-20, 80)),
                "paused_at": moment if number % 50 == 0 else None,
                "revoked_at": moment if number % 10 == 0 else None,
                "last_used_at": self.now - dt.timedelta(days=self.chance.uniform(0, DAYS)),
                "last_used_from": "203.0.113.7",
            }

    def customers(self, banks: list[Row], count: int) -> Iterator[Row]:
        for number, moment in enumerate(self.moments(count)):
            kind = CustomerType.BUSINESS if number % 5 == 0 else CustomerType.INDIVIDUAL
            bank = self.some(banks)
            place: Row = {"bank_guid": bank["guid"], "organization_guid": bank["organization_guid"]}
            more: Row = {"type": kind, "state": "unverified", "personal_data_sealed": None}
            yield {**self.recorded(moment), **place, **more}

    def people(self) -> tuple[list[Row], list[Row], Row]:
        moment = self.now - dt.timedelta(days=DAYS)
        people = [
            {**self.recorded(moment), "email": f"person{number}@example.com", "name": f"Person {number}"}
            | {"password_hash": None, "disabled_at": None}
            for number in range(PEOPLE)
        ]
        members = [
            {**self.recorded(moment), "organization_guid": self.first["organization_guid"], "email": person["email"]}
            | {"role": Role.OWNER, "user_guid": person["guid"], "invited_by": "", "disabled_at": None}
            for person in people
        ]
        session: Row = {"guid": self.guid(self.now), "user_guid": people[0]["guid"], "address": "127.0.0.1"}
        session |= {"organization_guid": self.first["organization_guid"], "user_agent": "", "created_at": self.now}
        return people, members, session | {"last_seen_at": self.now, "expires_at": self.now + dt.timedelta(days=1)}

    def invited(self) -> Row:
        place: Row = {"organization_guid": self.first["organization_guid"], "email": "invited@example.com"}
        place |= {"role": Role.VIEWER, "user_guid": None, "invited_by": "", "disabled_at": None}
        return {**self.recorded(self.now), **place}

    def events(self, keys: list[Row], customers: list[Row], people: list[str], count: int) -> Iterator[Row]:
        for number, moment in enumerate(self.moments(count)):
            key = self.some(keys)
            told: Row = {
                "guid": self.guid(moment),
                "organization_guid": self.first["organization_guid"],
                "address": "203.0.113.7",
                "created_at": moment,
            }
            yield told | self.deed(number, key, self.some(customers), self.chance.choice(people))

    def deed(self, number: int, key: Row, customer: Row, person: str) -> Row:
        """Mostly programs at work; now and then somebody signs in, changes a key or revokes one."""
        by_person: Row = {"actor_subject": Subject.USER, "actor_guid": person, "bank_guid": None}
        if number % 5_000 == 0:
            told = {"event_type": EventType.CREDENTIAL_DELETED, "object_guid": key["guid"], "facts": {}}
            return {**by_person, **told, "bank_guid": key["bank_guid"]}
        if number % 100 == 0:
            facts = {"name": ["Old name", key["name"]]}
            told = {"event_type": EventType.CREDENTIAL_UPDATED, "object_guid": key["guid"], "facts": facts}
            return {**by_person, **told, "bank_guid": key["bank_guid"]}
        if number % 20 == 0:
            return {**by_person, "event_type": EventType.SESSION_CREATED, "object_guid": person, "facts": {}}
        return {
            "actor_subject": Subject.BANK,
            "actor_guid": key["guid"],
            "bank_guid": key["bank_guid"],
            "event_type": EventType.CUSTOMER_CREATED if number % 3 else EventType.CUSTOMER_UPDATED,
            "object_guid": customer["guid"],
            "facts": {"type": customer["type"]} if number % 3 else {"state": ["storing", "unverified"]},
        }

    def usage(self, keys: list[Row]) -> Iterator[Row]:
        for place, key in enumerate(keys):
            for hour in self.hours(1 if place == 0 else HOURS_APART):
                outcome = "expired" if key["expires_at"] <= self.now else "token_issued"
                yield {"hour": hour, "application_guid": key["guid"], "outcome": outcome, "count": 10}

    def usage_of(self, banks: list[Row]) -> Iterator[Row]:
        for bank_guid in (EVERYWHERE, *(bank["guid"] for bank in banks)):
            for hour in self.hours(1):
                for outcome, count in OUTCOMES:
                    ids = {"organization_guid": self.first["organization_guid"], "bank_guid": bank_guid}
                    yield {**ids, "hour": hour, "outcome": outcome, "count": count}

    def hours(self, apart: int) -> Iterator[dt.datetime]:
        last = self.now.replace(minute=0, second=0, microsecond=0)
        return (last - back * HOUR for back in range(0, DAYS * 24, apart))

    def some(self, rows: list[Row]) -> Any:  # noqa: ANN401 - a row
        """Half of everything concerns the first bank, or whatever else stands first."""
        return rows[0] if self.chance.random() < 0.5 else self.chance.choice(rows)


def cut(moment: dt.datetime) -> dt.datetime:
    """To whole milliseconds, as the server's clock does."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
