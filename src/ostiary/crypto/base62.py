"""Digits, capitals and small letters: what survives every form, header and double click."""

import secrets

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def random_text(length: int) -> str:
    """`length` letters, each of the 62 equally likely."""
    # secrets.choice draws without modulo bias.
    return "".join([secrets.choice(ALPHABET) for _ in range(length)])


def fixed_width(number: int, width: int) -> str:
    letters = ""
    while len(letters) < width:
        number, digits = divmod(number, 62 * 62)
        letters = PAIRS[digits] + letters
    return letters[-width:]
