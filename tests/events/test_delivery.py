"""The work that events ask for is done after every crash and every failure, once, and holds nobody else up."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.db.store import Store
from ostiary.events import delivery
from ostiary.events.catalog import Consumer, EventType
from ostiary.events.delivery import LAST_RETRY_SECONDS, LOOK_AGAIN_SECONDS, Deliveries, deliver_due
from ostiary.events.models import Event, EventDelivery
from ostiary.events.record import record

OPERATOR = Actor.operator()


class Worker:
    """Notes what it worked on, and fails where it was told to, after it has written something."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.done: list[str] = []

    def __call__(self, db: Session, event: Event) -> None:
        event.facts = {"worked": True}
        db.flush()  # so that there is something to take back
        if event.object_guid in self.failing:
            raise RuntimeError("told to")
        self.done.append(event.object_guid)


def put(store: Store, *object_guids: str) -> None:
    with store.writing() as db:
        for guid in object_guids:
            record(db, OPERATOR, EventType.CUSTOMER_CREATED, guid, organization_guid="a" * 32)


def work(store: Store, worker: Worker) -> int:
    return deliver_due(store, {Consumer.CUSTOMER_RECORDING: worker})


def waiting(store: Store) -> list[EventDelivery]:
    with store.reading() as db:
        return list(db.scalars(sa.select(EventDelivery)))


def facts(store: Store) -> dict[str, object]:
    with store.reading() as db:
        return {event.object_guid: event.facts for event in db.scalars(sa.select(Event))}


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    moment = clock.now() + dt.timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_works_on_every_event_once(store: Store) -> None:
    worker = Worker()
    put(store, "one", "two")
    assert (work(store, worker), work(store, worker)) == (2, 0)
    assert sorted(worker.done) == ["one", "two"]
    assert waiting(store) == []


def test_takes_back_what_failed_and_goes_on_with_the_others(store: Store) -> None:
    worker = Worker("two")
    put(store, "one", "two", "three")
    assert work(store, worker) == 2
    assert sorted(worker.done) == ["one", "three"]
    assert facts(store) == {"one": {"worked": True}, "two": {}, "three": {"worked": True}}
    assert [each.attempt_count for each in waiting(store)] == [1]


def test_tries_again_later_until_it_succeeds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("one")
    put(store, "one")
    for attempt in range(1, 4):
        assert work(store, worker) == 0
        assert [each.attempt_count for each in waiting(store)] == [attempt]
        # Not at once: it would fail again.
        assert work(store, worker) == 0
        assert [each.attempt_count for each in waiting(store)] == [attempt]
        later(monkeypatch, 2 ** (attempt - 1) + 0.1)
    worker.failing.clear()
    assert work(store, worker) == 1
    assert waiting(store) == []


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (10_000, 3600)])
def test_waits_longer_each_time_and_never_longer_than_an_hour(attempts: int, seconds: int) -> None:
    assert delivery._pause(attempts) == dt.timedelta(seconds=min(seconds, LAST_RETRY_SECONDS))


def test_leaves_everything_for_later_when_it_dies_in_the_middle(store: Store) -> None:
    class Dying(Worker):
        def __call__(self, db: Session, event: Event) -> None:
            super().__call__(db, event)
            raise KeyboardInterrupt

    put(store, "one", "two")
    with pytest.raises(KeyboardInterrupt):
        work(store, Dying())
    assert len(waiting(store)) == 2
    assert work(store, Worker()) == 2


def test_orders_no_work_for_events_that_need_none(store: Store) -> None:
    with store.writing() as db:
        record(db, OPERATOR, EventType.BANK_UPDATED, "b" * 32, organization_guid="a" * 32)
    assert waiting(store) == []


def test_looks_again_as_soon_as_something_was_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(delivery, "monotonic", lambda: moment)
    deliveries = Deliveries(store, {Consumer.CUSTOMER_RECORDING: Worker()})
    for guid in "abc":
        put(store, guid)
        assert deliveries() == 1
    assert deliveries() == 0


def test_looks_each_second_for_what_others_wrote(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(delivery, "monotonic", lambda: moment)
    deliveries = Deliveries(store, {Consumer.CUSTOMER_RECORDING: Worker()})
    deliveries()
    put(store, "a")
    # As if another process had: here, nobody says so.
    store.written.clear()
    assert deliveries() == 0
    moment += LOOK_AGAIN_SECONDS
    assert deliveries() == 1


def test_misses_nothing_that_is_written_while_it_looks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "monotonic", lambda: 100.0)
    looked = delivery.deliver_due

    def look_and_write(*arguments: Any) -> int:  # noqa: ANN401 - passed on
        done = looked(*arguments)
        monkeypatch.undo()
        put(store, "late")
        return done

    monkeypatch.setattr(delivery, "deliver_due", look_and_write)
    deliveries = Deliveries(store, {Consumer.CUSTOMER_RECORDING: Worker()})
    assert deliveries() == 0
    monkeypatch.setattr(delivery, "monotonic", lambda: 100.0)
    assert deliveries() == 1
