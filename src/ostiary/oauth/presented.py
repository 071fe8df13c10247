"""Codes and refresh tokens: how they look, and that nothing of them is kept but a keyed digest."""

import re
import secrets
from dataclasses import dataclass

from ostiary.applications.credentials import CHECKSUM_LETTERS, RANDOM_LETTERS, Digester, checksum
from ostiary.crypto import base62

DEVICE_CODE = "device"
REFRESH_TOKEN = "refresh"  # noqa: S105 - the word in every such token
LONG = re.compile(rf"ost_(device|refresh)_[0-9A-Za-z]{{{RANDOM_LETTERS + CHECKSUM_LETTERS}}}\Z")

# RFC 8628 §6.1: no vowels, so that no code is a word, and nothing that looks like something else.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LETTERS = 8
HALF = USER_CODE_LETTERS // 2
USER_CODE = re.compile(rf"[{ALPHABET}]{{{USER_CODE_LETTERS}}}\Z")


def new(kind: str) -> str:
    """256 random bits and a checksum, as in client secrets: scanners recognise it, typos need no look-up."""
    random = f"ost_{kind}_{base62.random_text(RANDOM_LETTERS)}"
    return random + checksum(random)


def is_well_formed(kind: str, text: str) -> bool:
    found = LONG.match(text)
    return found is not None and found[1] == kind and checksum(text[:-CHECKSUM_LETTERS]) == text[-CHECKSUM_LETTERS:]


def new_user_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(USER_CODE_LETTERS))
    return shown(letters)


def shown(letters: str) -> str:
    return f"{letters[:HALF]}-{letters[HALF:]}"


def user_code(typed: str) -> str:
    """As it is shown, whatever stood between the letters (RFC 8628 §6.1); empty for what is none."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return shown(letters) if USER_CODE.match(letters) else ""


@dataclass(frozen=True)
class Digests:
    """Under the pepper of client secrets; of a user code it is what keeps a copy of the database from telling it."""

    digester: Digester

    def of(self, text: str) -> bytes:
        return self.digester.digest(text).value
