"""Signing keys come and go: published before they sign, retired once nothing they signed can still count, or at once.

Verifiers keep our key set for as long as its Cache-Control lets them, so a new key waits that long before it signs.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.crypto.es256 import PrivateKey
from ostiary.crypto.sealing import Seal
from ostiary.db.store import Store
from ostiary.errors import NotFound
from ostiary.oauth import queries
from ostiary.oauth.models import SigningKey
from ostiary.settings import HOUR_SECONDS
from ostiary.web.published import CACHE_SECONDS

PUBLISHED_AHEAD = dt.timedelta(seconds=CACHE_SECONDS + 60)
# No setting lets a token live longer than a day; an hour for clocks and for nodes that have not heard of a new key.
OUTLIVED = dt.timedelta(seconds=24 * HOUR_SECONDS + HOUR_SECONDS)

log = structlog.get_logger(__name__)


def signing(keys: Sequence[SigningKey], now: dt.datetime) -> SigningKey:
    """Of the keys that count, the oldest first: the newest that everybody can know by now."""
    known = [key for key in keys if key.created_at <= now - PUBLISHED_AHEAD]
    return known[-1] if known else keys[0]


def ensure(store: Store, seal: Seal) -> None:
    """Make the first signing key, once, however many processes start at the same time.

    Raises ConfigurationError when the master key is not this database's: a secret made under it would never work.
    """
    with store.reading() as db:
        if rows := queries.by_age(db):
            seal.open(rows[-1].private_key_sealed, rows[-1].kid)
            return
    with store.writing() as db:
        store.serialize(db)
        if not queries.by_age(db):
            _add(db, seal)


def rotate(store: Store, seal: Seal) -> SigningKey:
    """A new key, published from now on, which signs once everybody can know it."""
    with store.writing() as db:
        return _add(db, seal)


def retire(store: Store, seal: Seal, kid: str) -> SigningKey:
    """Refuse everything this key has signed, from the next request on, everywhere. Raises NotFound.

    For a key that somebody else may have. The newest of the others that is known signs at once; if none is, one that
    still waits to be, or a new one.
    """
    with store.writing() as db:
        store.serialize(db)
        keys = queries.by_age(db)
        found = next((key for key in keys if key.kid == kid), None)
        if found is None:
            raise NotFound("signing key")
        if len(keys) == 1:
            _add(db, seal)
        _retire(found)
        return found


def retire_all(db: Session, seal: Seal) -> None:
    """Refuse every token there is; a new key signs at once, for there is no other."""
    keys = queries.by_age(db)
    _add(db, seal)
    for key in keys:
        _retire(key)


@dataclass(frozen=True)
class Rotation:
    """On schedule, by whichever process comes first."""

    store: Store
    seal: Seal
    # How old the newest key may become.
    life: dt.timedelta

    def __call__(self) -> None:
        now = clock.now()
        with self.store.reading() as db:
            keys = queries.by_age(db)
        if not (self._is_due(keys, now) or _outlived(keys, now)):
            return
        with self.store.writing() as db:
            self.store.serialize(db)
            keys = queries.by_age(db)
            if self._is_due(keys, now):
                log.info("signing_key_added", kid=_add(db, self.seal).kid)
            for key in _outlived(keys, now):
                _retire(key)
                log.info("signing_key_retired", kid=key.kid)

    def _is_due(self, keys: Sequence[SigningKey], now: dt.datetime) -> bool:
        return keys[-1].created_at <= now - self.life


def _outlived(keys: Sequence[SigningKey], now: dt.datetime) -> Sequence[SigningKey]:
    """Those whose successor has signed for longer than any token lives."""
    return [
        key for key, successor in itertools.pairwise(keys) if successor.created_at <= now - PUBLISHED_AHEAD - OUTLIVED
    ]


def _add(db: Session, seal: Seal) -> SigningKey:
    key = PrivateKey.generate()
    while key.public.thumbprint.startswith("-"):
        # Every command it is given to would take it for an option.
        key = PrivateKey.generate()
    kid = key.public.thumbprint
    made = SigningKey(kid=kid, public_jwk=key.public.jwk, private_key_sealed=seal.close(key.to_der(), kid))
    db.add(made)
    db.flush()
    return made


def _retire(key: SigningKey) -> None:
    key.retired_at = clock.now()
    # What signs nothing any more need not be stolen from a backup either.
    key.private_key_sealed = b""
