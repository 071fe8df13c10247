"""The work beside the requests: what is written, delivered, noticed and thrown away while the server stands."""

import datetime as dt
import functools

import structlog

from ostiary import clock
from ostiary.applications.usage import Usage
from ostiary.customers.recording import settle
from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable
from ostiary.events.catalog import Consumer
from ostiary.events.delivery import Deliveries
from ostiary.house import House
from ostiary.oauth import device_codes, refresh_grant, revocation
from ostiary.oauth.key_rotation import Rotation
from ostiary.oauth.limiting import Limiting
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web import idempotency
from ostiary.web.background import Repeated

NEWS_SECONDS = 1.0
USAGE_SECONDS = 5.0
DELIVERY_SECONDS = 0.25
KEYS_SECONDS = 1.0
NOTICE_SECONDS = 1.0
CLOCK_SECONDS = 1.0
PRUNING_SECONDS = 60.0
ROTATION_SECONDS = 60.0

MOST_ON_ITS_WAY_US = 1_000_000

log = structlog.get_logger(__name__)

CONSUMERS = {Consumer.CUSTOMER_RECORDING: settle}


def work(house: House, usage: Usage, keys: SigningKeys, limiting: Limiting, login_idle: dt.timedelta) -> list[Repeated]:
    """Each has a thread of its own, which its user starts and stops."""
    store = house.store
    life = dt.timedelta(seconds=house.settings.signing_key_seconds)
    late = [Repeated(store.deadlines.end_late, CLOCK_SECONDS)] if store.deadlines else []
    return [
        *late,
        Repeated(functools.partial(look_at_the_clock, store), CLOCK_SECONDS),
        Repeated(functools.partial(usage.write_news, store), NEWS_SECONDS),
        Repeated(functools.partial(usage.write, store), USAGE_SECONDS),
        Repeated(Deliveries(store, CONSUMERS), DELIVERY_SECONDS),
        Repeated(keys.refresh, KEYS_SECONDS),
        Repeated(functools.partial(limiting.tell, store), NOTICE_SECONDS),
        Repeated(functools.partial(prune, store, login_idle), PRUNING_SECONDS),
        Repeated(Rotation(store, house.signing_key_seal, life), ROTATION_SECONDS),
    ]


def look_at_the_clock(store: Store) -> None:
    """Compare it with the database's, where that is another one and answers."""
    was_wrong = clock.watch.is_wrong
    clock.watch.look(None if store.is_sqlite else _told_by(store))
    if clock.watch.is_wrong != was_wrong:
        log.error("clock_wrong" if clock.watch.is_wrong else "clock_right", ahead_seconds=clock.watch.ahead_seconds)


def _told_by(store: Store) -> dt.datetime | None:
    """What the database's clock says at this moment; None when the answer was on its way for too long to say so."""
    began = clock.ticks()
    try:
        with store.reading() as db:
            told = store.moment(db)
    except StoreUnavailable:
        return None
    return told if clock.ticks() - began < MOST_ON_ITS_WAY_US else None


def prune(store: Store, login_idle: dt.timedelta) -> None:
    revocation.prune(store)
    device_codes.prune(store)
    refresh_grant.prune(store, login_idle)
    idempotency.prune(store)
