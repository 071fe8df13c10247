"""Digits, capitals and small letters: what survives every form, header and double click."""

import secrets

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def random_text(length: int) -> str:
    """`length` letters, each of the 62 equally likely."""
    # secrets.choice draws without modulo bias.
    return "".join([secrets.choice(ALPHABET) for _ in range(length)])


def fixed_width(number: int, width: int) -> str:
    letters = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))
