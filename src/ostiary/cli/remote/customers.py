"""Customers of a server."""

from collections.abc import Iterator, Mapping
from typing import Any

from ostiary.cli import facts, show
from ostiary.cli.remote.api import Api, below, body_of
from ostiary.cli.show import Facts
from ostiary.customers.queries import CustomerFilter
from ostiary.customers.schemas import CustomerChanges, CustomerOut, NewCustomer
from ostiary.web.schemas import Sent

PATH = "/api/customers"
WITH_PII = {"include_pii": "true"}


class RemoteCustomers:
    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self, wanted: CustomerFilter, *, pii: bool) -> Iterator[Facts]:
        asked = {"type": wanted.types, "bank_guid": wanted.bank_guids, "label": wanted.labels}
        query = {name: ",".join(values) for name, values in asked.items() if values is not None}
        return map(self._facts, self._api.every(PATH, **query, **_pii(pii=pii)))

    def get(self, guid: str, *, pii: bool) -> Facts:
        return self._facts(self._api.get(_one(guid), **_pii(pii=pii)))

    def create(self, bank_guid: str | None, new: Sent[NewCustomer]) -> Facts:
        self._api.place.must_be_in_bank(bank_guid)
        return self._facts(self._api.create(PATH, body_of(new)))

    def update(self, guid: str, sent: Sent[CustomerChanges]) -> Facts:
        return self._facts(self._api.update(_one(guid), body_of(sent)))

    def _facts(self, answer: Mapping[str, Any]) -> Facts:
        return show.as_facts(self._api.shaped(CustomerOut, answer), facts.CUSTOMER)


def _one(guid: str) -> str:
    return below(PATH, guid, "customer")


def _pii(*, pii: bool) -> Mapping[str, str]:
    return WITH_PII if pii else {}
