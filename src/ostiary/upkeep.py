"""The work beside the requests: what is written, delivered, noticed and thrown away while the server stands."""

import datetime as dt
import functools

from ostiary.applications.usage import Usage
from ostiary.customers.recording import settle
from ostiary.db.store import Store
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
PRUNING_SECONDS = 60.0
ROTATION_SECONDS = 60.0

CONSUMERS = {Consumer.CUSTOMER_RECORDING: settle}


def work(house: House, usage: Usage, keys: SigningKeys, limiting: Limiting, login_idle: dt.timedelta) -> list[Repeated]:
    """Each has a thread of its own, which its user starts and stops."""
    store = house.store
    life = dt.timedelta(seconds=house.settings.signing_key_seconds)
    return [
        Repeated(functools.partial(usage.write_news, store), NEWS_SECONDS),
        Repeated(functools.partial(usage.write, store), USAGE_SECONDS),
        Repeated(Deliveries(store, CONSUMERS), DELIVERY_SECONDS),
        Repeated(keys.refresh, KEYS_SECONDS),
        Repeated(functools.partial(limiting.tell, store), NOTICE_SECONDS),
        Repeated(functools.partial(prune, store, login_idle), PRUNING_SECONDS),
        Repeated(Rotation(store, house.signing_key_seal, life), ROTATION_SECONDS),
    ]


def prune(store: Store, login_idle: dt.timedelta) -> None:
    revocation.prune(store)
    device_codes.prune(store)
    refresh_grant.prune(store, login_idle)
    idempotency.prune(store)
