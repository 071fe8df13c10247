"""How client ids and secrets look, and that a typo is seen without a look at the database."""

import re
import zlib

import pytest

from ostiary.applications import credentials
from ostiary.applications.credentials import Digest, Digester, is_well_formed, new_client_id, new_secret
from ostiary.crypto.base62 import ALPHABET
from ostiary.crypto.master_key import MasterKey

KINDS = ["sandbox", "production", "org"]
# Made once and pinned: whoever has a key pair must still be recognised by the next release.
PINNED = "ost_sandbox_" + "A" * 43


@pytest.fixture
def digester() -> Digester:
    return Digester(MasterKey(bytes(range(32))))


@pytest.mark.parametrize("kind", KINDS)
def test_makes_secrets_that_a_scanner_can_recognise(kind: str) -> None:
    secret = new_secret(kind)
    assert re.fullmatch(rf"ost_{kind}_[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}", secret)
    assert is_well_formed(secret)
    assert new_secret(kind) != secret


def test_makes_client_ids_of_38_letters() -> None:
    assert re.fullmatch(r"ostid_[0-9A-Za-z]{38}", new_client_id())
    assert len({new_client_id() for _ in range(1000)}) == 1000


def test_ends_a_secret_with_the_crc_of_the_rest() -> None:
    number = 0
    for letter in credentials.checksum(PINNED):
        number = number * 62 + ALPHABET.index(letter)
    assert number == zlib.crc32(PINNED.encode())


@pytest.mark.parametrize("kind", KINDS)
def test_notices_every_wrong_letter(kind: str) -> None:
    secret = new_secret(kind)
    for place in range(len(secret)):
        for letter in ALPHABET + "_-. \n\0é":
            typo = secret[:place] + letter + secret[place + 1 :]
            assert is_well_formed(typo) is (typo == secret), typo


@pytest.mark.parametrize("kind", KINDS)
def test_notices_letters_left_out_added_or_swapped(kind: str) -> None:
    secret = new_secret(kind)
    for place in range(len(secret)):
        assert not is_well_formed(secret[:place] + secret[place + 1 :])
        assert not is_well_formed(secret[:place])
        assert not is_well_formed(secret[:place] + "A" + secret[place:])
        swapped = secret[:place] + secret[place : place + 2][::-1] + secret[place + 2 :]
        assert is_well_formed(swapped) is (swapped == secret)


def test_takes_no_secret_of_one_kind_for_another() -> None:
    random = new_secret("sandbox").removeprefix("ost_sandbox_")
    for kind in ("production", "org", "", "SANDBOX"):
        assert not is_well_formed(f"ost_{kind}_{random}")


@pytest.mark.parametrize("ending", ["\n", "\r\n", " ", "\0", "\u200b"])
def test_wants_the_secret_and_nothing_after_it(ending: str) -> None:
    secret = new_secret("org")
    assert not is_well_formed(secret + ending)
    assert not is_well_formed(ending + secret)
    assert not credentials.CLIENT_ID.match(new_client_id() + ending)


def test_matches_a_secret_with_its_own_digest_alone(digester: Digester) -> None:
    secret, other = new_secret("sandbox"), new_secret("sandbox")
    stored = digester.digest(secret)
    assert digester.matches(secret, *stored)
    assert not digester.matches(other, *stored)
    assert not digester.matches("", *stored)
    # The digest itself is no secret (a database that leaks lets nobody in).
    assert not digester.matches(stored.value.hex(), *stored)


def test_tells_secrets_apart_that_begin_alike(digester: Digester) -> None:
    # bcrypt reads 72 bytes; whatever we use must read all of them.
    for shared in (63, 64, 71, 72, 128):
        assert not digester.matches("a" * shared + "b", *digester.digest("a" * shared + "c"))


def test_needs_the_master_key_to_recognise_a_secret(digester: Digester) -> None:
    secret = new_secret("sandbox")
    assert not Digester(MasterKey(bytes(range(1, 33)))).matches(secret, *digester.digest(secret))


@pytest.mark.parametrize("change", [{"scheme": 2}, {"scheme": 0}, {"pepper_version": 2}, {"pepper_version": 0}])
def test_refuses_a_scheme_or_pepper_it_does_not_know(digester: Digester, change: dict[str, int]) -> None:
    secret = new_secret("sandbox")
    stored: Digest = digester.digest(secret)
    assert not digester.matches(secret, *stored._replace(**change))  # type: ignore[arg-type]  # one of two whole numbers


@pytest.mark.parametrize("value", [b"", bytes(32), bytes(31)])
def test_refuses_a_digest_that_is_none(digester: Digester, value: bytes) -> None:
    assert not digester.matches(new_secret("sandbox"), value, 1, 1)
