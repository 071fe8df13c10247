"""The worker that does what events ask for: durable, at least once, and again after a failure."""

import datetime as dt
from collections.abc import Callable, Mapping
from time import monotonic

import structlog
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.db.store import Store
from ostiary.events import queries
from ostiary.events.catalog import Consumer
from ostiary.events.models import Event, EventDelivery

BATCH = 50
FIRST_RETRY_SECONDS = 1
LAST_RETRY_SECONDS = 3600
# For what other processes leave behind, and for what failed before.
LOOK_AGAIN_SECONDS = 1.0

Work = Callable[[Session, Event], None]

log = structlog.get_logger(__name__)


class Deliveries:
    """To be called often: looks only when this process has written, or has not looked for a second.

    A look takes a millisecond of a server that may be busy with tokens, and seldom finds anything.
    """

    def __init__(self, store: Store, consumers: Mapping[Consumer, Work]) -> None:
        self._store = store
        self._consumers = consumers
        self._look_again_at = 0.0

    def __call__(self) -> int:
        """How many pieces of work succeeded."""
        if not self._store.written.is_set() and monotonic() < self._look_again_at:
            return 0
        # Before the look: what is committed meanwhile is for the next one.
        self._store.written.clear()
        self._look_again_at = monotonic() + LOOK_AGAIN_SECONDS
        return deliver_due(self._store, self._consumers)


def deliver_due(store: Store, consumers: Mapping[Consumer, Work]) -> int:
    """Do what is due and return how many pieces succeeded."""
    done = 0
    while True:
        outcomes = _deliver_batch(store, consumers)
        done += sum(outcomes)
        if len(outcomes) < BATCH:
            return done


def _deliver_batch(store: Store, consumers: Mapping[Consumer, Work]) -> list[bool]:
    """Which pieces succeeded. The work and its row go in one transaction, of a length that lets others write."""
    # Looking first keeps an idle server from taking the write lock four times a second.
    with store.reading() as db:
        if not queries.is_anything_due(db, clock.now()):
            return []
    with store.writing() as db:
        due = queries.claim_due(db, clock.now(), BATCH)
        return [_deliver(db, delivery, event, consumers) for delivery, event in due]


def _deliver(db: Session, delivery: EventDelivery, event: Event, consumers: Mapping[Consumer, Work]) -> bool:
    try:
        # Looked up in here: the work of a later release waits for one, and holds up nothing else.
        work = consumers[Consumer(delivery.consumer)]
        with db.begin_nested():
            work(db, event)
    except Exception:  # one piece of work that fails must not hold up the others
        delivery.attempt_count += 1
        delivery.next_attempt_at = clock.now() + _pause(delivery.attempt_count)
        log.exception(
            "delivery_failed", consumer=delivery.consumer, event_guid=event.guid, attempt=delivery.attempt_count
        )
        return False
    db.delete(delivery)
    return True


def _pause(attempt_count: int) -> dt.timedelta:
    return dt.timedelta(seconds=min(FIRST_RETRY_SECONDS * 2 ** (attempt_count - 1), LAST_RETRY_SECONDS))
