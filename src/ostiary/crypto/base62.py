"""Digits, capitals and small letters: what survives every form, header and double click."""

import secrets

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
VALUES = {pair: value for value, pair in enumerate(PAIRS)}


def random_text(length: int) -> str:
    """`length` letters, each of the 62 equally likely."""
    # secrets.choice draws without modulo bias.
    return "".join([secrets.choice(ALPHABET) for _ in range(length)])


def six_letters_value(letters: str) -> int:
    """The number that six letters of the alphabet stand for, the other way round of `fixed_width`."""
    return (VALUES[letters[:2]] * len(PAIRS) + VALUES[letters[2:4]]) * len(PAIRS) + VALUES[letters[4:]]


def fixed_width(number: int, width: int) -> str:
    letters = ""
    while len(letters) < width:
        number, digits = divmod(number, 62 * 62)
        letters = PAIRS[digits] + letters
    return letters[-width:]
