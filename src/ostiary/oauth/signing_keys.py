"""Signing keys at work: unsealed into memory, their state confirmed by every read."""

import threading
from time import monotonic

from ostiary import clock
from ostiary.crypto.es256 import PrivateKey, PublicKey
from ostiary.crypto.sealing import Seal
from ostiary.db.store import Store
from ostiary.errors import ConfigurationError
from ostiary.oauth import queries
from ostiary.oauth.key_rotation import signing
from ostiary.oauth.models import SigningKey


class SigningKeys:
    """The keys in memory. Whether one still counts is the database's word, never this object's."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self._by_kid: dict[str, PrivateKey] = {}
        self._refreshing = threading.Lock()
        # Numbers of readings: of the last that was begun, and of the last that came to an end.
        self._begun = self._read = 0
        self._read_at = 0.0
        self.published: list[dict[str, object]] = []
        self.refresh()

    def refresh(self) -> None:
        """Notice what other processes made and retired; raises ConfigurationError when the master key does not fit.

        Called once a second beside the requests. Because of a token only where one is revoked, in a thread of its own:
        elsewhere whoever sent a strange one would decide when this process waits for the database.
        """
        asked_after = self._begun
        # What was read first must not come last.
        with self._refreshing:
            if self._read > asked_after:
                # Somebody has begun later than this was asked: of many who ask at once, one reads for all.
                return
            self._begun += 1
            with self._store.reading() as db:
                rows = queries.by_age(db)
            if not rows:
                raise ConfigurationError("The database has no signing key: run `ostiary migrate`")
            self._by_kid = {row.kid: self._by_kid.get(row.kid) or self._unseal(row) for row in rows}
            self.published = [row.published for row in rows]
            kid = signing(rows, clock.now()).kid
            self._current = kid, self._by_kid[kid]
            self._read = self._begun
            self._read_at = monotonic()

    @property
    def age_seconds(self) -> float:
        """Since they were last read: more than a few when the database is away."""
        return monotonic() - self._read_at

    def current(self) -> tuple[str, PrivateKey]:
        """The key that signs now, and its kid."""
        return self._current

    @property
    def current_kid(self) -> str:
        return self._current[0]

    def public(self, kid: str) -> PublicKey | None:
        """The key a token names."""
        key = self._by_kid.get(kid)
        return key.public if key else None

    def _unseal(self, row: SigningKey) -> PrivateKey:
        return PrivateKey.from_der(self._seal.open(row.private_key_sealed, row.kid))
