"""Signing keys at work: made at first start, unsealed into memory, their state confirmed by every read."""

import threading

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
        self.published: list[dict[str, object]] = []
        self.refresh()

    def refresh(self) -> None:
        """Notice what other processes made and retired; raises ConfigurationError when the master key does not fit.

        Called once a second beside the requests. Because of a token only where one is revoked, in a thread of its own:
        elsewhere whoever sent a strange one would decide when this process waits for the database.
        """
        # What was read first must not come last.
        with self._refreshing:
            with self._store.reading() as db:
                rows = queries.by_age(db)
            if not rows:
                raise ConfigurationError("The database has no signing key: run `ostiary migrate`")
            self._by_kid = {row.kid: self._by_kid.get(row.kid) or self._unseal(row) for row in rows}
            self.published = [row.published for row in rows]
            kid = signing(rows, clock.now()).kid
            self._current = kid, self._by_kid[kid]

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
