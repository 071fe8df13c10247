"""No token but the server's own, in its own spelling, opens the API (RFC 8725 §3)."""

import base64
import datetime as dt
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey

from tests.oauth.desk import (
    Desk,
    assert_malformed,
    assert_not_accepted,
    assert_refused,
    claims_of,
    encode,
    header_of,
    own_token,
)
from tests.oauth.forger import ALGORITHMS, DIGESTS, TYPES, WILD, Forger, spellings, text_of

SEED = 20261123


class Trap:
    """A listening socket that nobody may ever call."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/jwks.json"

    def assert_nobody_called(self) -> None:
        with pytest.raises(BlockingIOError):
            self.socket.accept()


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    with made.socket:
        yield made
        made.assert_nobody_called()


@pytest.fixture
def token(desk: Desk) -> str:
    return desk.token(desk.north)


def test_accepts_its_own_token(desk: Desk, token: str) -> None:
    assert desk.show(token).status == 200


def test_refuses_every_mutation_of_a_real_token(
    desk: Desk, token: str, trap: Trap, count: Callable[[int, int], int]
) -> None:
    forger = Forger(token, published(desk), trap.url, SEED)
    for forged in forger.mutations(count(1600, 12000)):
        try:
            assert_not_accepted(desk.show(forged))
        except Exception as error:
            error.add_note(f"the token was {forged[:2000]!r}")
            raise
    assert desk.show(token).status == 200


def test_refuses_each_single_flipped_bit(desk: Desk, token: str) -> None:
    # The signature is where a lenient reader would go unnoticed; header and payload have their share above.
    start = token.rindex(".") + 1
    for place in range(start, len(token)):
        for bit in range(7):
            flipped = chr(ord(token[place]) ^ (1 << bit))
            assert_not_accepted(desk.show(token[:place] + flipped + token[place + 1 :]))


def test_refuses_the_published_key_as_a_shared_secret(desk: Desk, token: str) -> None:
    # By hand, because libraries refuse to help with this by now.
    for secret in spellings(published(desk)):
        for algorithm, digest in DIGESTS.items():
            message = f"{text_of(header_of(token) | {'alg': algorithm})}.{text_of(claims_of(token))}"
            assert_refused(desk.show(f"{message}.{encode(hmac.digest(secret, message.encode(), digest))}"))


def test_refuses_right_signatures_by_foreign_keys_of_every_algorithm(desk: Desk, token: str) -> None:
    claims, header = claims_of(token), {"kid": header_of(token)["kid"], "typ": "at+jwt"}
    rsa_key = rsa.generate_private_key(65537, 2048)
    keys: dict[str, Any] = {
        "RS256": rsa_key,
        "PS256": rsa_key,
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "ES512": ec.generate_private_key(ec.SECP521R1()),
        "ES256K": ec.generate_private_key(ec.SECP256K1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    for algorithm, key in keys.items():
        forged = jwt.encode(claims, key, algorithm=algorithm, headers=header)
        assert_refused(desk.show(forged))
        _, payload, signature = forged.split(".")
        assert_refused(desk.show(f"{token.split('.', maxsplit=1)[0]}.{payload}.{signature}"))


def test_refuses_unsigned_tokens_in_every_spelling(desk: Desk, token: str) -> None:
    claims, kid = claims_of(token), header_of(token)["kid"]
    assert_refused(desk.show(jwt.encode(claims, "", algorithm="none", headers={"kid": kid, "typ": "at+jwt"})))
    for algorithm in ALGORITHMS:
        message = f"{text_of({'alg': algorithm, 'kid': kid, 'typ': 'at+jwt'})}.{text_of(claims)}"
        for rest in ("", ".", ".AA", ".e30", f".{token.split('.')[2]}"):
            assert_refused(desk.show(message + rest))


def test_refuses_odd_headers_even_under_its_own_key(desk: Desk, token: str, trap: Trap) -> None:
    claims, jwk = claims_of(token), published(desk)
    assert desk.show(own_token(desk.ostiary, claims)).status == 200
    odd: list[dict[str, object]] = [{"alg": algorithm} for algorithm in ALGORITHMS]
    odd += [{"typ": name} for name in TYPES]
    odd += [{"kid": wild} for wild in (*WILD, trap.url, jwk["kid"].lower(), jwk["kid"] + "=", [jwk["kid"]])]
    odd += [{"crit": crit} for crit in ([], ["exp"], ["b64"], ["exp", "exp"], "exp", None)]
    odd += [{"b64": False}, {"b64": True}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}, {"cty": "JWT"}]
    odd += [{"jku": trap.url}, {"x5u": trap.url}, {"jwk": jwk}, {"x5c": [certificate()]}, {"x5t": "x"}, {"": ""}]
    for changes in odd:
        assert_refused(desk.show(own_token(desk.ostiary, claims, **changes)))


def test_refuses_a_header_with_two_readings(desk: Desk, token: str) -> None:
    kid, key = desk.ostiary.keys.current()
    plain = json.dumps(header_of(token))
    for text in (
        plain[:-1] + f', "kid": "{kid}"}}',
        plain[:-1] + ', "alg": "ES256"}',
        '{"alg": "none", ' + plain[1:],
        "[" + plain + "]",
        "\ufeff" + plain,
        "[" * 2000,
        "",
    ):
        message = f"{encode(text.encode())}.{text_of(claims_of(token))}"
        assert_refused(desk.show(f"{message}.{encode(key.sign(message.encode()))}"))


def test_never_fetches_or_believes_a_key_that_a_token_brings(desk: Desk, token: str, trap: Trap) -> None:
    key = ECKey.generate_key("P-256")
    own = key.as_dict(private=False)
    brought: list[dict[str, object]] = [{"jwk": own}, {"jku": trap.url}, {"x5u": trap.url}, {"x5c": [certificate()]}]
    for more in brought:
        for kid in (header_of(token)["kid"], "", trap.url, key.thumbprint()):
            message = f"{text_of({'alg': 'ES256', 'kid': kid, 'typ': 'at+jwt', **more})}.{text_of(claims_of(token))}"
            key_of_his_own = jwt.PyJWK(key.as_dict(private=True)).key
            signature = jwt.get_algorithm_by_name("ES256").sign(message.encode(), key_of_his_own)
            assert_refused(desk.show(f"{message}.{encode(signature)}"))


def test_refuses_other_serializations_and_wrappings(desk: Desk, token: str) -> None:
    protected, payload, signature = token.split(".")
    flat = {"protected": protected, "payload": payload, "signature": signature}
    general = {"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}
    for form in (flat, general, {"payload": payload, "signatures": []}, {"payload": payload}):
        assert_malformed(desk.show(json.dumps(form)))
        assert_refused(desk.show(encode(json.dumps(form).encode())))
    wrapped = jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM", "cty": "JWT"}, token, OctKey.import_key({"kty": "oct", "k": encode(bytes(32))})
    )
    nested = own_token(desk.ostiary, token.encode())
    detached = f"{protected}..{signature}"
    for other in (wrapped, nested, detached, f"{token}.", f".{token}", f"{token}.{signature}", "..", ".", payload):
        assert_refused(desk.show(other))


def test_refuses_whatever_is_longer_than_8_kib_before_reading_it(desk: Desk, token: str) -> None:
    for size in (8 * 1024 + 1, 100_000, 1_000_000):
        assert_refused(desk.show("A" * size))
        assert_refused(desk.show(token + "A" * size))
        assert_refused(desk.show("." * size))


def published(desk: Desk) -> dict[str, Any]:
    keys = desk.request("/.well-known/jwks.json", []).json["keys"]
    assert len(keys) == 1
    found: dict[str, Any] = keys[0]
    return found


def certificate() -> str:
    """One that the attacker made for himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ostiary")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(built.public_bytes(Encoding.DER)).decode()
