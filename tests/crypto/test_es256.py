"""ES256 by hand, held to the RFCs' own examples and to other libraries."""

import hashlib

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from ostiary.crypto.es256 import HALF_ORDER, ORDER, PrivateKey, PublicKey, b64
from ostiary.crypto.strict import b64url

MESSAGE = b"header.payload"
# RFC 7515 appendix A.3: a key, a message and a signature made by others.
X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
SIGNED = (
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"


@pytest.fixture
def key() -> PrivateKey:
    return PrivateKey.generate()


def public(x: str, y: str) -> PublicKey:
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(b64url(x.encode())), int.from_bytes(b64url(y.encode())), ec.SECP256R1()
    )
    return PublicKey(numbers.public_key())


def split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32]), int.from_bytes(signature[32:])


def join(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def test_verifies_the_example_of_rfc_7515_in_its_low_spelling_alone() -> None:
    known = public(X, Y)
    r, s = split(b64url(SIGNATURE.encode()))
    low = min(s, ORDER - s)
    assert known.verifies(SIGNED.encode(), join(r, low))
    assert not known.verifies(SIGNED.encode(), join(r, ORDER - low))


def test_names_a_key_by_its_thumbprint() -> None:
    # RFC 7638 §3.2 by hand: required members, lexical order, no blanks.
    text = f'{{"crv":"P-256","kty":"EC","x":"{X}","y":"{Y}"}}'
    assert public(X, Y).thumbprint == b64(hashlib.sha256(text.encode()).digest()).decode()
    assert public(X, Y).thumbprint == ECKey.import_key({"kty": "EC", "crv": "P-256", "x": X, "y": Y}).thumbprint()


def test_publishes_nothing_private(key: PrivateKey) -> None:
    assert key.public.jwk.keys() == {"kty", "crv", "x", "y"}


def test_writes_coordinates_in_32_bytes_even_when_they_begin_with_zeros() -> None:
    found = 0
    for number in range(1, 2000):
        made = PublicKey(ec.derive_private_key(number, ec.SECP256R1()).public_key())
        x, y = b64url(made.jwk["x"].encode()), b64url(made.jwk["y"].encode())
        assert (len(x), len(y)) == (32, 32)
        found += x[0] == 0 or y[0] == 0
    assert found > 3


def test_signs_low_and_in_64_bytes_always(key: PrivateKey) -> None:
    short = 0
    for n in range(2000):
        message = b"%d" % n
        signature = key.sign(message)
        r, s = split(signature)
        assert len(signature) == 64
        assert 0 < r < ORDER
        assert 0 < s <= HALF_ORDER
        short += r < 2**248 or s < 2**248
        assert key.public.verifies(message, signature)
    # Numbers that begin with a zero byte did occur, and were filled up.
    assert short > 0


def test_signs_what_other_libraries_verify(key: PrivateKey) -> None:
    header, payload = b64(b'{"alg":"ES256"}'), b64(b'{"a":1}')
    token = (header + b"." + payload + b"." + b64(key.sign(header + b"." + payload))).decode()
    assert jwt.decode(token, jwt.PyJWK({**key.public.jwk, "alg": "ES256"}), algorithms=["ES256"]) == {"a": 1}
    assert jws.deserialize_compact(token, ECKey.import_key({**key.public.jwk})).payload == b'{"a":1}'


def test_refuses_the_twin_of_a_signature(key: PrivateKey) -> None:
    r, s = split(key.sign(MESSAGE))
    assert key.public.verifies(MESSAGE, join(r, s))
    assert not key.public.verifies(MESSAGE, join(r, ORDER - s))


def test_refuses_numbers_outside_their_range(key: PrivateKey) -> None:
    r, s = split(key.sign(MESSAGE))
    for edge in (0, ORDER, ORDER + 1, 2**256 - 1):
        for wrong in (join(edge, s), join(r, edge), join(edge, edge)):
            assert not key.public.verifies(MESSAGE, wrong)


def test_refuses_every_other_form_of_a_right_signature(key: PrivateKey) -> None:
    right = key.sign(MESSAGE)
    r, s = split(right)
    for wrong in (
        encode_dss_signature(r, s),
        right + b"\0",
        b"\0" + right,
        right[:63],
        right[:32],
        b"",
        right[32:] + right[:32],
        right[:32] + b"\0" + right[32:],
        right * 2,
    ):
        assert not key.public.verifies(MESSAGE, wrong)


def test_refuses_every_flipped_bit(key: PrivateKey) -> None:
    right = key.sign(MESSAGE)
    for place in range(64):
        for bit in range(8):
            wrong = bytearray(right)
            wrong[place] ^= 1 << bit
            assert not key.public.verifies(MESSAGE, bytes(wrong))


def test_refuses_another_message_and_another_key(key: PrivateKey) -> None:
    right = key.sign(MESSAGE)
    assert not key.public.verifies(MESSAGE + b" ", right)
    assert not key.public.verifies(b"", right)
    assert not PrivateKey.generate().public.verifies(MESSAGE, right)


def test_comes_back_from_der(key: PrivateKey) -> None:
    again = PrivateKey.from_der(key.to_der())
    assert again.public.thumbprint == key.public.thumbprint
    assert key.public.verifies(MESSAGE, again.sign(MESSAGE))


def test_takes_keys_on_p256_alone() -> None:
    others = (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
    )
    for other in others:
        der = other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(TypeError, match="P-256"):
            PrivateKey.from_der(der)
