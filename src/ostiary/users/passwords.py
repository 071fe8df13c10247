"""Passwords of people: argon2id, at most a few at a time, and none that everybody else uses too."""

import secrets
import threading
import unicodedata
from typing import Annotated

import argon2
from pydantic import AfterValidator
from zxcvbn import zxcvbn

from ostiary.errors import Invalid

SHORTEST = 12
LONGEST = 256
# OWASP's least: 19 MiB, two passes. Two at a time leave the machine to the token endpoint.
MEMORY_KIB = 19 * 1024
PASSES = 2
AT_A_TIME = 2
WAIT_SECONDS = 5

# Of zxcvbn's five steps: 3 and 4 stand more than 10^8 guesses. It reads no more than 72 letters.
GOOD_SCORE = 3
SCORED_LETTERS = 72

_hasher = argon2.PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
_slots = threading.BoundedSemaphore(AT_A_TIME)


def hashed(password: str) -> str:
    """Raises Invalid (503) when too many passwords are being looked at already."""
    with _Slot():
        return _hasher.hash(_normal(password))


def is_right(password: str, stored: str | None) -> bool:
    """False for a person without a password too, at the price of a wrong one."""
    with _Slot():
        try:
            _hasher.verify(stored or _NOBODYS, _normal(password))
        except argon2.exceptions.VerificationError:
            return False
        return stored is not None


def _acceptable(password: str) -> str:
    if len(password) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters; a few random words are good")
    if len(password) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    # Its lists of common passwords, names and words, and what people do to them.
    if zxcvbn(password[:SCORED_LETTERS])["score"] < GOOD_SCORE:
        raise ValueError("is one that attackers try first; a few random words are good")
    return password


NewPassword = Annotated[str, AfterValidator(_acceptable)]


def _normal(password: str) -> str:
    # NIST SP 800-63B §3.1.1.2: the same letters typed on two keyboards are the same password.
    return unicodedata.normalize("NFKC", password)


class _Slot:
    """One of the few places at the hasher."""

    def __enter__(self) -> None:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise Invalid("busy", "Too many people are signing in at this moment: try again in a minute", status=503)

    def __exit__(self, *_: object) -> None:
        _slots.release()


# What is compared with when there is nobody: made once, of a word nobody knows.
_NOBODYS = _hasher.hash(secrets.token_hex())
