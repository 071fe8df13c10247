"""An attacker with one real token, the published keys and keys of his own; he never has a signing key of the server."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ostiary.crypto.es256 import ORDER, SIGNATURE_BYTES, PrivateKey
from tests.oauth.desk import claims_of, decode, encode, header_of

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DEEP = json.loads("[" * 400 + "]" * 400)
WILD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**53,
    10**300,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\0",
    "\r\nx-injected: 1",
    "../../../../dev/null",
    "' OR '1'='1",
    "\ud800",
    "\u202e",
    "x" * 3000,
    [],
    [None],
    {},
    {"x": {}},
    DEEP,
)
NAMES = "none None NONE noNE es256 ES256K ES384 ES512 EdDSA RS256 PS256 HS256 HS384 HS512 dir A128KW"
ODD_NAMES: tuple[Any, ...] = (
    "",
    " ES256",
    "ES256 ",
    "ES256\0",
    "x" * 5000,
    None,
    True,
    0,
    [],
    ["ES256"],
    {"name": "ES256"},
)
ALGORITHMS: tuple[Any, ...] = (*NAMES.split(), *ODD_NAMES)
TYPES = (
    "JWT",
    "jwt",
    "AT+JWT",
    "application/at+jwt",
    "at+jwt ",
    "dpop+jwt",
    "webhook+jwt",
    "session",
    "JOSE",
    "",
    None,
)
DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


class Forger:
    def __init__(self, token: str, published: dict[str, Any], trap_url: str, seed: int) -> None:
        self.token = token
        self.header = header_of(token)
        self.claims = claims_of(token)
        self.published = published
        self.trap_url = trap_url
        self.chance = random.Random(seed)  # noqa: S311  # repeatable, no secret
        self.own = PrivateKey.generate()

    def mutations(self, count: int) -> Iterator[str]:
        """`count` tokens that are not the real one, all ways taking turns."""
        ways: list[Callable[[], str]] = [
            self.flipped_letter,
            self.flipped_bit,
            self.cut_or_grown,
            self.wild_claim,
            self.wild_header,
            self.confused,
            self.own_key_inside,
            self.respelled,
            self.odd_signature,
            self.said_twice,
        ]
        for n in range(count):
            forged = ways[n % len(ways)]()
            if forged != self.token:
                yield forged

    def flipped_letter(self) -> str:
        """One bit of the text, dots included; what is no ASCII letter any more goes out as Latin-1."""
        place = self.chance.randrange(len(self.token))
        flipped = chr(ord(self.token[place]) ^ (1 << self.chance.randrange(8)))
        return self.token[:place] + flipped + self.token[place + 1 :]

    def flipped_bit(self) -> str:
        """One bit of what the text stands for, spelled correctly again."""
        parts = [decode(part) for part in self.token.split(".")]
        chosen = self.chance.randrange(3)
        raw = bytearray(parts[chosen])
        raw[self.chance.randrange(len(raw))] ^= 1 << self.chance.randrange(8)
        parts[chosen] = bytes(raw)
        return ".".join(encode(part) for part in parts)

    def cut_or_grown(self) -> str:
        place = self.chance.randrange(len(self.token))
        letter = self.chance.choice(BASE64URL + ".=+/~ \t\r\n\0,;\"'")
        shorter = self.token[:place] + self.token[place + 1 :]
        longer = self.token[:place] + letter + self.token[place:]
        return self.chance.choice([shorter, longer, self.token[:place], self.token[place:], longer * 2, self.token * 9])

    def wild_claim(self) -> str:
        name = self.chance.choice([*self.claims, "nbf", "crit", "cnf", "new"])
        return self.signed(self.header, self.claims | {name: self.chance.choice(WILD)})

    def wild_header(self) -> str:
        """The payload stays; the header says something else, under the old signature or a new one."""
        name, value = self.chance.choice(
            [
                ("alg", self.chance.choice(ALGORITHMS)),
                ("typ", self.chance.choice(TYPES)),
                ("kid", self.chance.choice(WILD)),
                ("crit", self.chance.choice([[], ["exp"], ["b64"], ["x", "x"], "exp", None])),
                ("b64", self.chance.choice([True, False])),
                ("zip", "DEF"),
                ("enc", "A256GCM"),
                ("cty", "JWT"),
                ("new", self.chance.choice(WILD)),
            ]
        )
        header = self.header | {name: value}
        if self.chance.random() < 0.3:
            kept = self.chance.choice(["", self.token.split(".")[2]])
            return f"{text_of(header)}.{self.token.split('.')[1]}.{kept}"
        return self.signed(header, self.claims)

    def confused(self) -> str:
        """HMAC under whatever spelling of the published key somebody might take for a secret (RFC 8725 §2.1)."""
        algorithm = self.chance.choice(list(DIGESTS))
        message = f"{text_of(self.header | {'alg': algorithm})}.{text_of(self.claims)}"
        secret = self.chance.choice(spellings(self.published))
        return f"{message}.{encode(hmac.digest(secret, message.encode(), DIGESTS[algorithm]))}"

    def own_key_inside(self) -> str:
        """Rightly signed by a key that the token brings along or says where to fetch."""
        jwk = self.own.public.jwk
        brought: list[dict[str, Any]] = [
            {"jwk": jwk},
            {"jku": self.trap_url},
            {"x5u": self.trap_url},
            {"x5c": [base64.b64encode(self.own.to_der()).decode()]},
            {"kid": self.trap_url},
            {"kid": self.own.public.thumbprint},
            {"kid": jwk},
            {"jwk": jwk, "kid": self.own.public.thumbprint, "jku": self.trap_url},
        ]
        return self.signed(self.header | self.chance.choice(brought), self.claims)

    def respelled(self) -> str:
        """The same bytes, written otherwise: a second spelling would slip past whoever remembers the first."""
        parts = self.token.split(".")
        chosen = self.chance.randrange(3)
        part = parts[chosen]
        place = self.chance.randrange(len(part))
        last = BASE64URL[BASE64URL.index(part[-1]) ^ self.chance.choice([1, 2, 3])]
        blank = self.chance.choice([" ", "\t", "\n", "\r\n", "\0", "%20", "\\"])
        parts[chosen] = self.chance.choice(
            [
                part + "=" * self.chance.choice([1, 2, 3]),
                part[:place] + blank + part[place:],
                part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4),
                part[:-1] + last,
                part + "A",
                part + "..",
                "." + part,
            ]
        )
        return ".".join(parts)

    def odd_signature(self) -> str:
        """The twin (r, n - s), DER, numbers outside the range, other lengths (RFC 7518 §3.4)."""
        message, _, signature = self.token.rpartition(".")
        raw = decode(signature)
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        edge = self.chance.choice([0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
        odd = self.chance.choice(
            [
                pair(r, ORDER - s),
                pair(s, r),
                pair(edge, s),
                pair(r, edge),
                pair(edge, edge),
                encode_dss_signature(r, s),
                encode_dss_signature(r, ORDER - s),
                raw + b"\0",
                b"\0" + raw,
                raw[: self.chance.randrange(SIGNATURE_BYTES)],
                raw[:32] + b"\0" * 16 + raw[32:] + b"\0" * 16,
                self.own.sign(message.encode()),
                b"",
            ]
        )
        return f"{message}.{encode(odd)}"

    def said_twice(self) -> str:
        """A member named twice, the real value first or last; old signature or his own."""
        is_header = self.chance.random() < 0.5
        members = self.header if is_header else self.claims
        name = self.chance.choice(list(members))
        more = f'"{name}":{json.dumps(self.chance.choice([members[name], "other"]))}'
        text = json.dumps(members)
        doubled = encode(
            (text[:-1] + "," + more + "}" if self.chance.random() < 0.5 else "{" + more + "," + text[1:]).encode()
        )
        _, payload, signature = self.token.split(".")
        message = f"{doubled}.{payload}" if is_header else f"{text_of(self.header)}.{doubled}"
        kept = self.chance.choice([signature, encode(self.own.sign(message.encode()))])
        return f"{message}.{kept}"

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        message = f"{text_of(header)}.{text_of(claims)}"
        return f"{message}.{encode(self.own.sign(message.encode()))}"


def text_of(members: dict[str, Any]) -> str:
    return encode(json.dumps(members, separators=(",", ":")).encode())


def pair(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def spellings(jwk: dict[str, Any]) -> list[bytes]:
    """Every form in which a public key is handed around."""
    x, y = decode(jwk["x"]), decode(jwk["y"])
    key = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    ssh = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    text = json.dumps(jwk).encode()
    compact = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    forms = [
        pem,
        pem.strip(),
        pem.replace(b"\n", b"\r\n"),
        b" " + pem,
        b"\xef\xbb\xbf" + pem,
        der,
        base64.b64encode(der),
    ]
    return [*forms, raw, x + y, x, ssh, ssh + b"\n", text, compact, jwk["kid"].encode(), jwk["x"].encode(), b""]
