"""Keys of the local database."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import queries, service
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.observation import service as observation
from ostiary.applications.schemas import ApplicationChanges, ApplicationOut, NewApplication
from ostiary.applications.service import KeyPair
from ostiary.cli import facts, show
from ostiary.cli.local.observation import observed
from ostiary.cli.local.organizations import only_organization
from ostiary.cli.session import OPERATOR, fail, reading, writing
from ostiary.cli.show import Facts, Pair
from ostiary.errors import NotFound
from ostiary.web.schemas import Sent

Change = Callable[[Session, Actor, ApplicationKind, str], Application]


class LocalKeys:
    def listed(self, bank_guid: str | None) -> Iterator[Facts]:
        with reading() as db:
            found = list(service.page(db, OPERATOR, ApplicationKind.BANK, bank_guid, 0, show.EVERYTHING).objects)
            if bank_guid is None:
                found += service.page(db, OPERATOR, ApplicationKind.ORGANIZATION, None, 0, show.EVERYTHING).objects
            yield from map(key_facts, found)

    def get(self, id_: str) -> Facts:
        with reading() as db:
            return key_facts(_locate(db, id_))

    to_pause = get
    to_stop_observing = get

    def create_for_bank(self, bank_guid: str, new: Sent[NewApplication]) -> Pair:
        with writing() as (house, db):
            made = service.create_for_bank(db, OPERATOR, house.digester, bank_guid, new)
        # Only now, committed and synced, does the secret leave.
        return as_pair(made)

    def create_for_organization(self, organization_guid: str | None, new: Sent[NewApplication]) -> Pair:
        with writing() as (house, db):
            owner = organization_guid or only_organization(db)
            made = service.create_for_organization(db, OPERATOR, house.digester, owner, new)
        return as_pair(made)

    def allow(self, id_: str, sent: Sent[ApplicationChanges]) -> Facts:
        return _changed(id_, lambda db, actor, kind, key: service.update(db, actor, kind, key, sent))

    def pause(self, id_: str) -> Facts:
        return _changed(id_, service.pause)

    def resume(self, id_: str) -> Facts:
        return _changed(id_, service.resume)

    def revoke(self, id_: str) -> Facts:
        return _changed(id_, service.revoke)

    def observe(self, id_: str) -> Facts:
        return _changed(id_, observation.observe)

    def observed(self, id_: str) -> Facts:
        with reading() as db:
            found = observation.report(db, OPERATOR, _locate(db, id_), clock.now())
            if found is None:
                fail("The key is not observed. Begin with: ostiary keys observe ID")
            return observed(found)

    def stop_observing(self, id_: str) -> Facts:
        return _changed(id_, observation.stop)


def as_pair(made: KeyPair) -> Pair:
    return Pair(key_facts(made.application), made.secret)


def key_facts(one: Application) -> Facts:
    return show.as_facts(
        ApplicationOut.of(one),
        facts.KEY,
        kind=one.kind,
        organization_guid=one.organization_guid,
        bank_guid=one.bank_guid,
        status=str(one.status_at(clock.now())),
        observed_since=show.on_the_wire(one.observed_since),
        last_used_at=show.on_the_wire(one.last_used_at),
        last_used_from=one.last_used_from,
    )


def _changed(id_: str, change: Change) -> Facts:
    with writing() as (_, db):
        found = _locate(db, id_)
        return key_facts(change(db, OPERATOR, ApplicationKind(found.kind), id_))


def _locate(db: Session, id_: str) -> Application:
    for kind in ApplicationKind:
        found = queries.find(db, OPERATOR, kind, id_)
        if found is not None:
            return found
    raise NotFound("application")
