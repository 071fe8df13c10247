"""Client ids and secrets: how they look, how they are kept, how they are compared (DESIGN §5)."""

import hmac
import re
import zlib
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from ostiary.crypto import base62
from ostiary.crypto.master_key import MasterKey

CLIENT_ID: Final = re.compile(r"ostid_[0-9A-Za-z]{38}\Z")
SECRET: Final = re.compile(r"ost_(?:sandbox|production|org)_[0-9A-Za-z]{49}\Z")

CHECKSUM_LETTERS: Final = 6
RANDOM_LETTERS: Final = 43

HMAC_SHA256: Final = 1
PEPPER_VERSION: Final = 1


def new_client_id() -> str:
    return f"ostid_{base62.random_text(38)}"


def new_secret(kind: str) -> str:
    """256 random bits and a checksum; `kind` is sandbox, production or org."""
    random = f"ost_{kind}_{base62.random_text(RANDOM_LETTERS)}"
    return random + checksum(random)


def checksum(text: str) -> str:
    return base62.fixed_width(zlib.crc32(text.encode()), CHECKSUM_LETTERS)


def is_well_formed(secret: str) -> bool:
    """Whether this could be one of ours: shape and checksum, without a look at the database."""
    if SECRET.match(secret) is None:
        return False
    sent = base62.six_letters_value(secret[-CHECKSUM_LETTERS:])
    return zlib.crc32(secret[:-CHECKSUM_LETTERS].encode()) == sent


class Digest(NamedTuple):
    """What the database keeps of a secret: the digest, and with which scheme and pepper it was made."""

    value: bytes
    scheme: int
    pepper_version: int


class Digester:
    """Turns secrets into digests. A keyed hash is enough: nobody guesses 256 random bits, however fast the hash."""

    def __init__(self, master_key: MasterKey) -> None:
        # Keyed once: every digest starts from a copy.
        pepper = master_key.derive(f"secret-pepper/{PEPPER_VERSION}")
        self._peppered = {PEPPER_VERSION: HMAC(pepper, SHA256())}

    def digest(self, secret: str) -> Digest:
        return Digest(self._value(self._peppered[PEPPER_VERSION], secret), HMAC_SHA256, PEPPER_VERSION)

    def matches(self, secret: str, value: bytes, scheme: int, pepper_version: int) -> bool:
        """Constant in time; False for a scheme or pepper this release does not know."""
        peppered = self._peppered.get(pepper_version)
        if peppered is None or scheme != HMAC_SHA256:
            return False
        return hmac.compare_digest(self._value(peppered, secret), value)

    @staticmethod
    def _value(peppered: HMAC, secret: str) -> bytes:
        digest = peppered.copy()
        digest.update(secret.encode())
        return digest.finalize()
