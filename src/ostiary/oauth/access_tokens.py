"""Access tokens: RFC 9068 claims in a compact JWS (RFC 7515), made and read by hand."""

import hashlib
import json
import os
import sys
from binascii import hexlify
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from ostiary import clock
from ostiary.access import addresses
from ostiary.access.actor import Subject
from ostiary.crypto import strict
from ostiary.crypto.es256 import ALGORITHM, PublicKey, b64
from ostiary.errors import ClockWrong
from ostiary.oauth.queries import Standing
from ostiary.oauth.signing_keys import SigningKeys

TYPE = "at+jwt"
LIMIT_BYTES = 8 * 1024
JTI_BYTES = 16
REMEMBERED = 8192
REMEMBERED_BEGINNINGS = 1024

TEXTS = ("iss", "aud", "sub", "sub_type", "client_id", "scope", "organization_guid", "jti")
# The same in thousands of tokens, so kept once.
SHARED = ("iss", "aud", "sub_type", "scope")


class NotAToken(ValueError):  # noqa: N818 - reads as what it is
    """Not a token that this server signed, in the one spelling in which it signs."""


class UnknownKey(NotAToken):
    """It names no signing key that this process knows: none of ours, or one that another process has just made."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified signature vouches for. Whether it still holds is for the bearer check."""

    kid: str
    iss: str
    aud: str
    sub: str
    sub_type: str
    client_id: str
    scope: str
    organization_guid: str
    jti: str
    iat: int
    exp: int
    nbf: int
    bank_guid: str | None
    bank_type: str | None
    # The login of a person's token.
    sid: str | None
    # A customer's token has addresses of its own, as a key's list is stored, and takes its key's list over or not.
    ip_allowlist: str
    inherits_ip_allowlist: bool

    @property
    def customer_guid(self) -> str:
        return self.sub if self.sub_type == Subject.CUSTOMER else ""


class Granted(msgspec.Struct, frozen=True, gc=False):
    """Whose token it will be, what it will say, and where it was asked for."""

    client_id: str
    standing: Standing
    scope: str
    iat: int
    exp: int
    address: str


class AccessTokens:
    def __init__(self, issuer: str, keys: SigningKeys) -> None:
        self._keys = keys
        self.issuer = issuer
        self._issuer_json = json.dumps(issuer)
        self._headers: dict[str, bytes] = {}
        # By digest, a hundredth of the token.
        self._verified: dict[bytes, Claims] = {}

    def signed(self, granted: Sequence[Granted]) -> list[bytes]:
        """Tokens of bank keys, or of organization keys where there is no bank."""
        random = hexlify(os.urandom(JTI_BYTES * len(granted)))
        jtis = [random[at : at + 2 * JTI_BYTES] for at in range(0, len(random), 2 * JTI_BYTES)]
        return self._signed([self._payload(one, jti) for one, jti in zip(granted, jtis, strict=True)])

    def signed_members(self, members: Mapping[str, object]) -> bytes:
        """A token that says this, beside its issuer, audience and id."""
        every = {"iss": self.issuer, "aud": self.issuer, **members, "jti": os.urandom(JTI_BYTES).hex()}
        return self._signed([b64(json.dumps(every, separators=(",", ":")).encode())])[0]

    def _signed(self, payloads: Sequence[bytes]) -> list[bytes]:
        if clock.watch.is_wrong:
            raise ClockWrong("the machine's clock was set by more than a minute")
        kid, key = self._keys.current()
        header = self._header(kid)
        messages = [b"%b.%b" % (header, payload) for payload in payloads]
        signatures = key.signatures(messages)
        return [b"%b.%b" % (message, b64(each)) for message, each in zip(messages, signatures, strict=True)]

    def _payload(self, granted: Granted, jti: bytes) -> bytes:
        standing = granted.standing
        begun, rest = _beginning(
            self._issuer_json,
            granted.client_id,
            granted.scope,
            standing.organization_guid,
            standing.bank_guid,
            standing.bank_type,
        )
        return begun + b64(b'%b"jti":"%b","iat":%d,"exp":%d}' % (rest, jti, granted.iat, granted.exp))

    def read(self, token: str) -> Claims:
        """Check form and signature; raises NotAToken. A signature that was right stays right, so it is remembered."""
        if len(token) > LIMIT_BYTES:
            raise NotAToken("larger than 8 KiB")
        if not token.isascii():
            raise NotAToken("not base64url")
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._read(token)
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            self._verified[digest] = claims
        return claims

    def read_surely(self, token: str) -> Claims:
        """The same for whoever must not take a token of ours for a strange one: may wait for the database."""
        try:
            return self.read(token)
        except UnknownKey:
            self._keys.refresh()
            return self.read(token)

    def _header(self, kid: str) -> bytes:
        header = self._headers.get(kid)
        if header is None:
            text = json.dumps({"alg": ALGORITHM, "kid": kid, "typ": TYPE}, separators=(",", ":"))
            header = self._headers[kid] = b64(text.encode())
        return header

    def _read(self, token: str) -> Claims:
        parts = token.encode().split(b".")
        if len(parts) != 3:  # noqa: PLR2004 - RFC 7515 §3.1: header, payload, signature
            raise NotAToken("not a compact JWS")
        try:
            header = strict.json_object(strict.b64url(parts[0]))
            # Exactly the members we write: crit, b64, jwk, jku and x5c have no way in.
            if header.keys() != {"alg", "kid", "typ"} or header["alg"] != ALGORITHM or header["typ"] != TYPE:
                raise NotAToken("not the header of an access token")
            key = self._key(header["kid"])
            signature = strict.b64url(parts[2])
            if not key.verifies(parts[0] + b"." + parts[1], signature):
                raise NotAToken("not signed by a key of this server")
            return _claims(key.thumbprint, strict.json_object(strict.b64url(parts[1])))
        except UnknownKey:
            raise
        except ValueError as error:
            raise NotAToken(str(error)) from error

    def _key(self, kid: object) -> PublicKey:
        key = self._keys.public(kid) if isinstance(kid, str) else None
        if key is None:
            raise UnknownKey("not signed by a key of this server")
        return key


@lru_cache(maxsize=REMEMBERED_BEGINNINGS)
def _beginning(
    issuer_json: str, client_id: str, scope: str, organization_guid: str, bank_guid: str | None, bank_type: str | None
) -> tuple[bytes, bytes]:
    """What every token of a key has in common, encoded as far as whole groups of three bytes go, and what is left.

    A pure function of what was read from the database for this very token, so remembering it decides nothing.
    """
    # Every value is ours and plain ASCII without quotes, so the JSON can be written down directly.
    if bank_guid is None:
        sub, sub_type, bank, properties = organization_guid, Subject.ORGANIZATION.value, "", "{}"
    else:
        sub, sub_type = bank_guid, Subject.BANK.value
        bank = f'"bank_guid":"{bank_guid}","bank_type":"{bank_type}",'
        properties = f'{{"type":"{bank_type}"}}'
    text = (
        f'{{"iss":{issuer_json},"aud":{issuer_json},"sub":"{sub}","sub_type":"{sub_type}",'
        f'"client_id":"{client_id}","scope":"{scope}","organization_guid":"{organization_guid}",{bank}'
        f'"properties":{properties},"token_type":"access",'
    ).encode()
    whole = len(text) // 3 * 3
    return b64(text[:whole]), text[whole:]


def _claims(kid: str, members: dict[str, Any]) -> Claims:
    texts = {name: members.get(name) for name in TEXTS}
    iat, exp = members.get("iat"), members.get("exp")
    nbf = members.get("nbf", iat)
    bank_guid, bank_type, sid = (members.get(name) for name in ("bank_guid", "bank_type", "sid"))
    if not all(isinstance(value, str) for value in texts.values()) or type(iat) is not int or type(exp) is not int:
        raise NotAToken("claims are missing or of the wrong kind")
    if type(nbf) is not int or not all(isinstance(value, str | None) for value in (bank_guid, bank_type, sid)):
        raise NotAToken("claims are of the wrong kind")
    texts |= {name: sys.intern(members[name]) for name in SHARED}
    ip_allowlist, inherits = _addresses(members)
    return Claims(
        kid=kid,
        iat=iat,
        exp=exp,
        nbf=nbf,
        bank_guid=bank_guid,
        bank_type=bank_type,
        sid=sid,
        ip_allowlist=ip_allowlist,
        inherits_ip_allowlist=inherits,
        **texts,  # type: ignore[arg-type]
    )


def _addresses(members: dict[str, Any]) -> tuple[str, bool]:
    entries, inherits = members.get("ip_allowlist", []), members.get("inherit_ip_allowlist", True)
    is_list = isinstance(entries, list) and all(isinstance(entry, str) for entry in entries)
    if not is_list or not isinstance(inherits, bool):
        raise NotAToken("claims are of the wrong kind")
    return " ".join(addresses.parse_list(entries)), inherits
