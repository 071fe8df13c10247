"""Acme owns North, South and Vault, which is production; customers are made by their banks' keys."""

import sqlalchemy as sa

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.app import Ostiary
from ostiary.applications.models import Application
from ostiary.banks.models import Bank
from ostiary.customers import service
from ostiary.customers.schemas import NewCustomer
from ostiary.settings import Settings
from ostiary.web.schemas import read_as
from tests import people
from tests.durability.direct import Office

ADA: dict[str, object] = {
    "type": "individual",
    "name": {"first": "Ada", "middle": "King", "last": "Lovelace"},
    "address": {"street": "12 Analytical Way", "city": "London", "postal_code": "N1 9GU", "country_code": "GB"},
    "date_of_birth": "1990-12-10",
    "email_address": "ada@example.com",
    "phone_number": "+44 20 7946 0000",
    "identification_numbers": [
        {"type": "passport", "issuing_country_code": "GB", "identification_number": "P-4711"},
    ],
    "labels": ["vip"],
}
INITECH: dict[str, object] = {
    "type": "business",
    "name": {"full": "Initech"},
    "website": "https://initech.example.com",
    "aliases": [{"full": "Initrode"}],
}


class Cast(people.Cast):
    def __init__(self, ostiary: Ostiary, settings: Settings, office: Office) -> None:
        super().__init__(ostiary, settings)
        self.office = office
        self.vault = people.add_bank(self.store, self.acme, "Vault", is_production=True)

    def customer(self, bank_guid: str, **new: object) -> str:
        """Made by the operator's own hand, as a program of the bank would."""
        with self.store.writing() as db:
            bank = db.scalars(sa.select(Bank).where(Bank.guid == bank_guid)).one()
            actor = self._program(bank)
            seal = self.office.house.personal_data_seal
            return service.create(db, actor, seal, read_as(NewCustomer, **({"type": "individual"} | new))).guid

    def key_named(self, bank_guid: str, name: str) -> str:
        client_id = self.office.key(bank_guid, name).client_id
        with self.store.reading() as db:
            return db.scalars(sa.select(Application.guid).where(Application.client_id == client_id)).one()

    def customer_by(self, key_guid: str, bank_guid: str) -> str:
        with self.store.writing() as db:
            bank = db.scalars(sa.select(Bank).where(Bank.guid == bank_guid)).one()
            seal = self.office.house.personal_data_seal
            return service.create(db, self._program(bank, key_guid), seal, read_as(NewCustomer, type="individual")).guid

    def _program(self, bank: Bank, key_guid: str = "") -> Actor:
        return Actor(
            subject=Subject.BANK,
            guid=key_guid,
            organization_guid=bank.organization_guid,
            bank_guid=bank.guid,
            scopes=frozenset({Scope.CUSTOMERS_EXECUTE}),
            address="10.0.0.1",
        )
