"""Passwords of people: argon2id, at most a few at a time, and none that everybody else uses too."""

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import unicodedata

import argon2

from ostiary.errors import Invalid

SHORTEST = 12
LONGEST = 256
# OWASP's least: 19 MiB, two passes. Two at a time leave the machine to the token endpoint.
MEMORY_KIB = 19 * 1024
PASSES = 2
AT_A_TIME = 2
# Who comes when so many wait already is sent away at once: others need the threads to look at pages.
MOST_WAITING = 8
WAIT_SECONDS = 5
RETRY_AFTER_SECONDS = 60

# Of zxcvbn's five steps: 3 and 4 stand more than 10^8 guesses.
GOOD_SCORE = 3
# What it takes to judge grows exponentially with some letters: 0.7 s at the worst of 32, 6 s at the worst of 72.
SCORED_LETTERS = 32
# Ten times the worst: a machine that needs longer has no time for passwords.
JUDGE_SECONDS = 10

_hasher = argon2.PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
# What is compared with when there is nobody. No word is known to have this hash, and making one up takes no 20 MB.
_SALT, _HASH = (base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32))
_NOBODYS = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${_SALT}${_HASH}"
_line = threading.BoundedSemaphore(AT_A_TIME + MOST_WAITING)
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


def acceptable(password: str, *mine: str) -> str:
    """The password itself; raises ValueError for one that is too short, common, or made of words that are `mine`."""
    if len(password) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters; a few random words are good")
    if len(password) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    own_words = [word for text in mine for word in re.split(r"[\W_]+", text) if word]
    with _Slot():
        score = _judged(password[:SCORED_LETTERS], [*mine, *own_words])
    if score < GOOD_SCORE:
        raise ValueError("must be harder to guess: this is among what attackers try first; a few random words are good")
    return password


def _judged(password: str, mine: list[str]) -> int:
    """By lists of common passwords, names and words, and what people do to them; raises Invalid (503)."""
    try:
        done = subprocess.run(
            # -P: whatever lies in the folder the server was started in is none of our modules.
            [sys.executable, "-P", "-m", "ostiary.users.password_judge"],
            # It reads what strangers send, so it knows no key and no database.
            env={name: value for name, value in os.environ.items() if not name.upper().startswith("OSTIARY_")},
            input=json.dumps({"password": password, "mine": mine}).encode(),
            capture_output=True,
            timeout=JUDGE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _busy() from None
    if done.returncode != 0:
        # Not what it said: that may quote the password.
        raise RuntimeError(f"the judge of passwords ended with {done.returncode}")
    return int(done.stdout)


def _normal(password: str) -> str:
    # NIST SP 800-63B §3.1.1.2: the same letters typed on two keyboards are the same password.
    return unicodedata.normalize("NFKC", password)


class _Slot:
    """One of the few places at the hasher; raises Invalid (503) for those for whom the line is too long."""

    def __enter__(self) -> None:
        if not _line.acquire(blocking=False):
            raise _busy()
        if not _slots.acquire(timeout=WAIT_SECONDS):
            _line.release()
            raise _busy()

    def __exit__(self, *_: object) -> None:
        _slots.release()
        _line.release()


def _busy() -> Invalid:
    message = "Too many people are signing in at this moment: try again in a minute"
    return Invalid("busy", message, status=503, retry_after_seconds=RETRY_AFTER_SECONDS)
