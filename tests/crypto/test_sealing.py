"""Sealed columns: open under one master key, for one purpose, in one row, and unaltered, or not at all."""

import pytest

from ostiary.crypto.master_key import MasterKey
from ostiary.crypto.sealing import NONCE_BYTES, Seal
from ostiary.errors import ConfigurationError

PLAIN = b"Ada Lovelace"
TAG_BYTES = 16


@pytest.fixture
def seal() -> Seal:
    return Seal(MasterKey(bytes(range(32))), "customers.name")


def test_opens_what_it_closed(seal: Seal) -> None:
    for plain in (PLAIN, b"", b"\0" * 100_000):
        assert seal.open(seal.close(plain, "row"), "row") == plain


def test_shows_nothing_of_the_plain_text_but_its_length(seal: Seal) -> None:
    sealed = seal.close(PLAIN, "row")
    assert PLAIN not in sealed
    assert len(sealed) == 1 + NONCE_BYTES + len(PLAIN) + TAG_BYTES


def test_never_uses_a_nonce_twice(seal: Seal) -> None:
    nonces = {seal.close(PLAIN, "row")[1 : 1 + NONCE_BYTES] for _ in range(2000)}
    assert len(nonces) == 2000


def test_refuses_every_altered_bit(seal: Seal) -> None:
    sealed = seal.close(PLAIN, "row")
    for place in range(len(sealed)):
        for bit in range(8):
            altered = bytearray(sealed)
            altered[place] ^= 1 << bit
            with pytest.raises(ConfigurationError):
                seal.open(bytes(altered), "row")


def test_refuses_every_shorter_and_longer_text(seal: Seal) -> None:
    sealed = seal.close(PLAIN, "row")
    for wrong in [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0", b"\0" + sealed]:
        with pytest.raises(ConfigurationError):
            seal.open(wrong, "row")


@pytest.mark.parametrize("row", ["", "ro", "rows", "ROW", "row\0"])
def test_refuses_a_column_moved_to_another_row(seal: Seal, row: str) -> None:
    sealed = seal.close(PLAIN, "row")
    with pytest.raises(ConfigurationError):
        seal.open(sealed, row)


def test_refuses_a_column_of_another_purpose(seal: Seal) -> None:
    other = Seal(MasterKey(bytes(range(32))), "signing_keys.private_key")
    with pytest.raises(ConfigurationError):
        other.open(seal.close(PLAIN, "row"), "row")


def test_says_that_the_master_key_does_not_fit(seal: Seal) -> None:
    other = Seal(MasterKey(bytes(range(1, 33))), "customers.name")
    with pytest.raises(ConfigurationError, match="start with the key the database was made with"):
        other.open(seal.close(PLAIN, "row"), "row")


def test_says_that_a_version_is_unknown(seal: Seal) -> None:
    sealed = seal.close(PLAIN, "row")
    with pytest.raises(ConfigurationError, match="version 02"):
        seal.open(b"\x02" + sealed[1:], "row")
