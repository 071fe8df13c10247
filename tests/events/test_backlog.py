"""What is due is done at once, however much of it there is."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.db.store import Store
from ostiary.events.catalog import Consumer, EventType
from ostiary.events.delivery import BATCH, deliver_due
from ostiary.events.models import Event, EventDelivery
from ostiary.events.record import record


def test_works_through_everything_that_is_due(store: Store) -> None:
    many = 2 * BATCH + 1
    with store.writing() as db:
        for number in range(many):
            record(db, Actor.operator(), EventType.CUSTOMER_CREATED, f"{number:032x}", organization_guid="a" * 32)
    worked_on: list[str] = []
    done = deliver_due(store, {Consumer.CUSTOMER_RECORDING: lambda _, event: worked_on.append(event.object_guid)})
    assert (done, len(set(worked_on))) == (many, many)


def test_goes_on_when_a_whole_batch_fails(store: Store) -> None:
    failing = {f"{number:032x}" for number in range(BATCH)}
    with store.writing() as db:
        for guid in [*sorted(failing), "f" * 32]:
            record(db, Actor.operator(), EventType.CUSTOMER_CREATED, guid, organization_guid="a" * 32)

    def work(_: Session, event: Event) -> None:
        assert event.object_guid not in failing

    assert deliver_due(store, {Consumer.CUSTOMER_RECORDING: work}) == 1


def test_goes_on_past_work_that_only_a_later_release_knows(store: Store) -> None:
    with store.writing() as db:
        event = record(db, Actor.operator(), EventType.CUSTOMER_CREATED, "a" * 32, organization_guid="a" * 32)
        db.add(EventDelivery(event_guid=event.guid, consumer="of_a_later_release", next_attempt_at=event.created_at))
    assert deliver_due(store, {Consumer.CUSTOMER_RECORDING: lambda _, __: None}) == 1
    with store.reading() as db:
        (left,) = db.scalars(sa.select(EventDelivery))
    assert (left.consumer, left.attempt_count) == ("of_a_later_release", 1)
