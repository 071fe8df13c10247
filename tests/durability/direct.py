"""The operator's own way in: the services on a server's database and keys, without a process in between."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import ApplicationChanges, NewApplication
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.house import House
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.settings import Settings
from ostiary.web.schemas import read_as

OPERATOR = Actor.operator()


@dataclass(frozen=True)
class Pair:
    client_id: str
    secret: str


@dataclass(frozen=True)
class Office:
    """Makes and changes what the tests need in a millisecond, where a command would take a second."""

    house: House

    def bank(self, name: str = "North", organization: str = "Acme") -> str:
        with self.house.store.writing() as db:
            owner = organizations.create(db, OPERATOR, read_as(NewOrganization, name=organization))
            return banks.create(db, OPERATOR, owner.guid, usual_bank(name, BankType.SANDBOX)).guid

    def bank_of(self, organization_guid: str, name: str) -> str:
        with self.house.store.writing() as db:
            return banks.create(db, OPERATOR, organization_guid, usual_bank(name, BankType.SANDBOX)).guid

    def key(self, bank_guid: str, name: str = "Made for the test", *addresses: str) -> Pair:
        expires_at = clock.now() + dt.timedelta(days=1)
        new = read_as(NewApplication, name=name, expires_at=expires_at, ip_allowlist=list(addresses))
        with self.house.store.writing() as db:
            made = applications.create_for_bank(db, OPERATOR, self.house.digester, bank_guid, new)
        return Pair(made.application.client_id, made.secret)

    def organization_key(self, organization_guid: str) -> Pair:
        expires_at = clock.now() + dt.timedelta(days=1)
        new = read_as(NewApplication, name="Made for the test", expires_at=expires_at, ip_allowlist=[])
        with self.house.store.writing() as db:
            made = applications.create_for_organization(db, OPERATOR, self.house.digester, organization_guid, new)
        return Pair(made.application.client_id, made.secret)

    def revoke(self, client_id: str) -> None:
        with self.house.store.writing() as db:
            applications.revoke(db, OPERATOR, ApplicationKind.BANK, client_id)

    def pause(self, client_id: str) -> None:
        with self.house.store.writing() as db:
            applications.pause(db, OPERATOR, ApplicationKind.BANK, client_id)

    def resume(self, client_id: str) -> None:
        with self.house.store.writing() as db:
            applications.resume(db, OPERATOR, ApplicationKind.BANK, client_id)

    def allow(self, client_id: str, *addresses: str) -> None:
        sent = read_as(ApplicationChanges, ip_allowlist=list(addresses))
        with self.house.store.writing() as db:
            applications.update(db, OPERATOR, ApplicationKind.BANK, client_id, sent)


@contextmanager
def office(settings: Settings) -> Iterator[Office]:
    house = House(settings)
    house.prepare()
    try:
        yield Office(house)
    finally:
        house.store.close()
