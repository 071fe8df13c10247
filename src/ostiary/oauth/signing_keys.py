"""Signing keys at work: made at first start, unsealed into memory, their state confirmed by every read."""

import time

from ostiary.crypto.es256 import PrivateKey, PublicKey
from ostiary.crypto.sealing import Seal
from ostiary.db.store import Store
from ostiary.errors import ConfigurationError
from ostiary.oauth import queries
from ostiary.oauth.models import SigningKey

RELOAD_SECONDS = 1.0


class SigningKeys:
    """The keys in memory. Whether one still counts is the database's word, never this object's."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self._loaded_at = 0.0
        self._private: dict[str, PrivateKey] = {}
        self.published: list[dict[str, object]] = []
        self.current_kid = ""
        self.reload()

    def reload(self) -> None:
        """Read all keys again; raises ConfigurationError when the master key does not fit."""
        with self._store.reading() as db:
            rows = queries.by_age(db)
        if not rows:
            raise ConfigurationError("The database has no signing key: run `ostiary migrate`")
        self._private = {row.kid: PrivateKey.from_der(self._seal.open(row.private_key_sealed, row.kid)) for row in rows}
        self.published = [row.published for row in rows]
        self.current_kid = rows[-1].kid
        self._loaded_at = time.monotonic()

    def current(self) -> tuple[str, PrivateKey]:
        return self.current_kid, self._private[self.current_kid]

    def public(self, kid: str) -> PublicKey | None:
        """The key a token names. An unknown one may be new from another process: look again, once a second at most."""
        if kid not in self._private and time.monotonic() - self._loaded_at > RELOAD_SECONDS:
            self.reload()
        key = self._private.get(kid)
        return key.public if key else None


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
            key = PrivateKey.generate()
            kid = key.public.thumbprint
            sealed = seal.close(key.to_der(), kid)
            db.add(SigningKey(kid=kid, public_jwk=key.public.jwk, private_key_sealed=sealed))
