"""Customers of the local database."""

import dataclasses
from collections.abc import Iterator

from sqlalchemy.orm import Session

from ostiary.banks import queries as banks
from ostiary.banks.queries import BankFilter
from ostiary.cli import facts, show
from ostiary.cli.session import OPERATOR, fail, house, writing
from ostiary.cli.show import Facts
from ostiary.crypto.sealing import Seal
from ostiary.customers import service
from ostiary.customers.models import Customer
from ostiary.customers.queries import CustomerFilter
from ostiary.customers.schemas import CustomerChanges, CustomerOut, NewCustomer
from ostiary.web.schemas import Sent


class LocalCustomers:
    def listed(self, wanted: CustomerFilter, *, pii: bool) -> Iterator[Facts]:
        with house() as opened, opened.store.reading() as db:
            found = service.page(db, OPERATOR, wanted, 0, show.EVERYTHING, include_pii=pii)
            for one in found.objects:
                yield _facts(one, opened.personal_data_seal, pii=pii)

    def get(self, guid: str, *, pii: bool) -> Facts:
        with house() as opened, opened.store.reading() as db:
            found = service.get(db, OPERATOR, guid, include_pii=pii)
            return _facts(found, opened.personal_data_seal, pii=pii)

    def create(self, bank_guid: str | None, new: Sent[NewCustomer]) -> Facts:
        with writing() as (opened, db):
            # A customer is made in the bank of whoever asks; the operator is in none, so the command names it.
            there = dataclasses.replace(OPERATOR, bank_guid=bank_guid or _only_bank(db))
            made = service.create(db, there, opened.personal_data_seal, new)
            db.flush()  # what it tells of itself has a time
            return _facts(made, opened.personal_data_seal, pii=False)

    def update(self, guid: str, sent: Sent[CustomerChanges]) -> Facts:
        with writing() as (opened, db):
            changed = service.update(db, OPERATOR, guid, sent)
            return _facts(changed, opened.personal_data_seal, pii=False)


def _facts(one: Customer, seal: Seal, *, pii: bool) -> Facts:
    person = service.personal_data(OPERATOR, seal, one) if pii else None
    return show.as_facts(CustomerOut.of(one, person), facts.CUSTOMER)


def _only_bank(db: Session) -> str:
    found = banks.page(db, OPERATOR, BankFilter(), 0, 2)
    if found.total != 1:
        fail(f"There are {found.total} banks: name one with --bank GUID")
    return found.objects[0].guid
