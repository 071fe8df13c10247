"""Banks of the local database."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.banks import service
from ostiary.banks.models import Bank
from ostiary.banks.queries import BankFilter
from ostiary.banks.schemas import BankChanges, BankOut, NewBank
from ostiary.cli import facts, show
from ostiary.cli.local.organizations import only_organization
from ostiary.cli.session import OPERATOR, reading, writing
from ostiary.cli.show import Facts
from ostiary.web.schemas import Sent

Change = Callable[[Session, Actor, str], Bank]


class LocalBanks:
    def listed(self) -> Iterator[Facts]:
        with reading() as db:
            yield from map(bank_facts, service.page(db, OPERATOR, BankFilter(), 0, show.EVERYTHING).objects)

    def get(self, guid: str) -> Facts:
        with reading() as db:
            return bank_facts(service.get(db, OPERATOR, guid))

    to_promote = get
    to_close = get

    def create(self, organization_guid: str | None, new: Sent[NewBank]) -> Facts:
        with writing() as (_, db):
            return bank_facts(service.create(db, OPERATOR, organization_guid or only_organization(db), new))

    def update(self, guid: str, sent: Sent[BankChanges]) -> Facts:
        return _changed(guid, lambda db, actor, guid: service.update(db, actor, guid, sent))

    def promote(self, guid: str) -> Facts:
        return _changed(guid, service.promote)

    def close(self, guid: str) -> Facts:
        return _changed(guid, service.close)

    def reopen(self, guid: str) -> Facts:
        return _changed(guid, service.reopen)


def bank_facts(one: Bank) -> Facts:
    return show.as_facts(BankOut.of(one), facts.BANK, closed_at=show.on_the_wire(one.closed_at))


def _changed(guid: str, change: Change) -> Facts:
    with writing() as (_, db):
        return bank_facts(change(db, OPERATOR, guid))
