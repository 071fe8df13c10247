"""Base62: 62 letters, each as likely as the next, and numbers of a fixed width."""

from collections import Counter
from collections.abc import Callable

import pytest

from ostiary.crypto import base62


def test_has_62_letters_in_the_order_of_ascii() -> None:
    assert len(set(base62.ALPHABET)) == 62
    assert sorted(base62.ALPHABET) == list(base62.ALPHABET)
    assert base62.ALPHABET.isalnum()
    assert base62.ALPHABET.isascii()


def test_draws_every_letter_equally_often(count: Callable[[int, int], int]) -> None:
    drawn = count(62_000, 1_000_000)
    counts = Counter(base62.random_text(drawn))
    expected = drawn / 62
    chi_squared = sum((counts[letter] - expected) ** 2 / expected for letter in base62.ALPHABET)
    # 61 degrees of freedom: once in ten million runs a fair draw exceeds this. Drawing bytes modulo 62 gives thousands.
    assert chi_squared < 137
    assert set(counts) == set(base62.ALPHABET)


@pytest.mark.parametrize("length", [0, 1, 38, 43])
def test_draws_the_asked_length(length: int) -> None:
    assert len(base62.random_text(length)) == length


def test_never_draws_the_same_text_twice(count: Callable[[int, int], int]) -> None:
    drawn = count(10_000, 200_000)
    assert len({base62.random_text(43) for _ in range(drawn)}) == drawn


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [
        (0, 6, "000000"),
        (1, 6, "000001"),
        (61, 6, "00000z"),
        (62, 6, "000010"),
        (62**2 - 1, 6, "0000zz"),
        (62**2, 6, "000100"),
        (2**32 - 1, 6, "4gfFC3"),
        (62**5, 5, "00000"),
        (61, 1, "z"),
        (62, 3, "010"),
    ],
)
def test_writes_a_number_in_a_fixed_width(number: int, width: int, text: str) -> None:
    assert base62.fixed_width(number, width) == text


@pytest.mark.parametrize("number", [0, 1, 61, 62, 3843, 3844, 62**4, 2**32 - 1, 62**6 - 1])
def test_reads_six_letters_back(number: int) -> None:
    assert base62.six_letters_value(base62.fixed_width(number, 6)) == number


def test_holds_every_crc_in_six_letters() -> None:
    assert 62**6 > 2**32 > 62**5
