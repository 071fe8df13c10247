"""ES256 by hand (RFC 7518 §3.4): the fast lane signs and verifies without a JOSE library in between."""

import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

ALGORITHM: Final = "ES256"
COORDINATE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 2 * COORDINATE_BYTES
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HALF_ORDER: Final = ORDER // 2
URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")

_SHA256 = ec.ECDSA(hashes.SHA256())
# Hashed beforehand: hashlib is quicker than cryptography, and this runs for every token.
_HASHED = ec.ECDSA(Prehashed(hashes.SHA256()))


def b64(raw: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    return binascii.b2a_base64(raw, newline=False).translate(URL_SAFE).rstrip(b"=")


class PublicKey:
    """Verifies signatures of one key."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        numbers = key.public_numbers()
        self.jwk = {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(COORDINATE_BYTES)).decode(),
            "y": b64(numbers.y.to_bytes(COORDINATE_BYTES)).decode(),
        }
        # RFC 7638 §3: the required members in lexical order, without blanks.
        required = json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()
        self.thumbprint = b64(hashlib.sha256(required).digest()).decode()

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """True for the one spelling of a signature that our signer emits: raw, 64 bytes, low s."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        r = int.from_bytes(signature[:COORDINATE_BYTES])
        s = int.from_bytes(signature[COORDINATE_BYTES:])
        # The twin (r, n - s) would verify too: with it a token had two spellings.
        if not (0 < r < ORDER and 0 < s <= HALF_ORDER):
            return False
        try:
            self._key.verify(encode_dss_signature(r, s), message, _SHA256)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """Signs; knows its public half."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self.key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def generate(cls) -> "PrivateKey":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_der(cls, der: bytes) -> "PrivateKey":
        key = serialization.load_der_private_key(der, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise TypeError("a signing key is an elliptic-curve key on P-256")
        return cls(key)

    def to_der(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, message: bytes) -> bytes:
        return self.signatures([message])[0]

    def signatures(self, messages: Sequence[bytes]) -> list[bytes]:
        """One for each message. Step by step for all of them: signing leaves nothing in the processor's caches."""
        sign = self.key.sign
        digests = [hashlib.sha256(message).digest() for message in messages]
        return [_raw(der) for der in [sign(digest, _HASHED) for digest in digests]]


def _raw(der: bytes) -> bytes:
    # SEQUENCE of two INTEGERs (RFC 3279 §2.2.3), read by hand: for every token, and from our own signer.
    end_of_r = 4 + der[3]
    r = der[4:end_of_r][-COORDINATE_BYTES:].rjust(COORDINATE_BYTES, b"\0")
    s = int.from_bytes(der[end_of_r + 2 :])
    if s > HALF_ORDER:
        s = ORDER - s
    return r + s.to_bytes(COORDINATE_BYTES)
