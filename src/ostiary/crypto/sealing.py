"""Columns that rest encrypted: AES-256-GCM, bound to the row they belong to."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ostiary.crypto.master_key import MasterKey
from ostiary.errors import ConfigurationError

NONCE_BYTES = 12
VERSION = b"\x01"


class Seal:
    """Closes and opens sealed columns of one purpose."""

    def __init__(self, master_key: MasterKey, purpose: str) -> None:
        self._cipher = AESGCM(master_key.derive(f"column/{purpose}"))

    def close(self, plain: bytes, row: str) -> bytes:
        """Encrypt for one row: moved to another row it no longer opens."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, plain, row.encode())

    def open(self, sealed: bytes, row: str) -> bytes:
        version, nonce, body = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if version != VERSION:
            raise ConfigurationError(f"A sealed column has version {version.hex()}, which this release cannot read")
        try:
            return self._cipher.decrypt(nonce, body, row.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise ConfigurationError(
                "The master key does not fit this database: start with the key the database was made with"
            ) from error
