"""Passwords: none that attackers try first, looked at by a few at a time and never while others wait to write."""

import json
import os
import subprocess
import sys
import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest

from ostiary.db.store import Store
from ostiary.errors import Invalid
from ostiary.users import passwords
from tests.people import Cast
from tests.users.ways_in import OTHER_PASSWORD, PASSWORD, invited, join, sign_in

# The worst there is for the judge: letters that could each be another.
AMBIGUOUS = "2+{1@7<7!1<!8+25!0!7![@6986@{2+${+9!{25729([3{6{8(1%2[%4$889!@7204746$<6"


@pytest.mark.parametrize("good", [PASSWORD, "Tr0ub4dor&3-and-more", "é" * 3 + "quälender Nebel"])
def test_takes_what_is_hard_to_guess(good: str) -> None:
    assert passwords.acceptable(good) == good


@pytest.mark.parametrize(
    ("weak", "said"),
    [
        ("correcthors", "at least 12 characters"),
        ("y" * 257, "at most 256 characters"),
        ("password1234", "harder to guess"),
        ("P@ssw0rd2024!", "harder to guess"),
        ("qwertyuiop[]", "harder to guess"),
        ("aaaaaaaaaaaaaaaa", "harder to guess"),
        ("123456789012345", "harder to guess"),
        ("mallory@example.com", "harder to guess"),
        ("mallory12345", "harder to guess"),
    ],
)
def test_takes_nothing_that_attackers_try_first(weak: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        passwords.acceptable(weak, "mallory@example.com", "Mallory Example")


def test_judges_a_password_in_a_bounded_time() -> None:
    start = time.monotonic()
    passwords.acceptable(AMBIGUOUS)
    assert time.monotonic() - start < 3, "72 letters of this kind take 6 s"


def test_sends_a_password_away_that_takes_too_long_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "JUDGE_SECONDS", 0.001)
    for _ in range(passwords.AT_A_TIME + 1):
        with pytest.raises(Invalid) as refused:
            passwords.acceptable(PASSWORD)
        assert refused.value.status == 503
    monkeypatch.undo()
    assert passwords.acceptable(PASSWORD), "everybody has left the line"


def test_takes_no_password_that_nobody_could_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="ended with 1"):
        passwords.acceptable(PASSWORD)


def test_tells_the_judge_a_password_where_no_neighbour_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: dict[str, Any] = {}
    as_always = subprocess.run

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 - as the original
        heard.update(how, command=command)
        return as_always(command, **how)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("OSTIARY_MASTER_KEY", "of no use there")
    passwords.acceptable(PASSWORD, "mallory@example.com")
    assert json.loads(heard["input"]) == {
        "password": PASSWORD[: passwords.SCORED_LETTERS],
        "mine": ["mallory@example.com", "mallory", "example", "com"],
    }
    assert PASSWORD[: passwords.SCORED_LETTERS] not in " ".join(heard["command"])
    assert heard["env"] == {name: value for name, value in os.environ.items() if name != "OSTIARY_MASTER_KEY"}


def test_keeps_the_word_lists_out_of_the_server() -> None:
    script = "import sys, ostiary.cli; print('zxcvbn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_takes_the_same_letters_from_two_keyboards_for_the_same() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Ångström and friends") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert passwords.is_right(composed, passwords.hashed(decomposed))
    assert not passwords.is_right("angstrom and friends", passwords.hashed(composed))


def test_hashes_the_way_owasp_asks_for_at_least() -> None:
    found = argon2.extract_parameters(passwords.hashed(PASSWORD))
    assert (found.type, found.memory_cost, found.time_cost) == (argon2.Type.ID, 19 * 1024, 2)
    assert found.salt_len == 16


def test_compares_with_somebody_when_there_is_nobody() -> None:
    assert not passwords.is_right(PASSWORD, None)
    assert not passwords.is_right("", None)


def test_takes_as_long_for_nobody_as_for_somebody() -> None:
    """What is made up asks for the same memory, passes and lengths as a real hash."""
    nobodys, somebodys = (argon2.extract_parameters(text) for text in (passwords._NOBODYS, passwords.hashed(PASSWORD)))
    assert nobodys == somebodys


def test_lets_a_flood_wait_in_a_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = most = 0
    lock = threading.Lock()
    as_always = argon2.PasswordHasher.hash

    def hash_(self: argon2.PasswordHasher, password: str) -> str:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        try:
            return as_always(self, password)
        finally:
            with lock:
                at_work -= 1

    monkeypatch.setattr(argon2.PasswordHasher, "hash", hash_)

    def come(_: int) -> bool:
        try:
            passwords.hashed(PASSWORD)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(60) as crowd:
        served = list(crowd.map(come, range(60)))
    assert most == passwords.AT_A_TIME
    assert passwords.AT_A_TIME + passwords.MOST_WAITING <= sum(served) < 60
    assert passwords.hashed(PASSWORD), "everybody has left the line"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, store: Store) -> list[str]:
    """What was hashed or judged, each while somebody else could write."""
    seen: list[str] = []

    def watch(owner: type | object, name: str) -> None:
        as_always = getattr(owner, name)

        def watched(*args: object, **kwargs: object) -> object:
            with store.writing():
                seen.append(name)
            return as_always(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    watch(argon2.PasswordHasher, "hash")
    watch(argon2.PasswordHasher, "verify")
    watch(subprocess, "run")
    return seen


def test_hashes_in_no_unit_of_work_that_writes(cast: Cast, held: list[str]) -> None:
    """On SQLite, where there is one writer, a second one inside the first would wait for it in vain."""
    cast.join("Carol", "viewer", password=PASSWORD)
    held.clear()
    assert sign_in(cast.stranger(), "carol@example.com").status_code == 303
    change = {"password_current": PASSWORD, "password": OTHER_PASSWORD}
    assert cast.signed_in("Carol").post("/settings/account", data=change).status_code == 303
    assert join(cast.stranger(), invited(cast, "eve@example.com")).status_code == 303
    assert held == ["verify", "verify", "run", "hash", "run", "hash"]
