"""The cast of people, ready for every test about them."""

import argon2
import pytest

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.people import Cast
from tests.users.ways_in import PASSWORD, WRONG, set_user


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def carol(cast: Cast) -> str:
    return cast.join("Carol", "viewer", password=PASSWORD).email


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every hash that is compared with, in order."""
    seen: list[str] = []
    as_always = argon2.PasswordHasher.verify

    def verify(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        seen.append(stored)
        return as_always(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return seen


@pytest.fixture
def refusals(cast: Cast, carol: str) -> list[tuple[str, str]]:
    """Everybody who is not let in, each for a reason of their own; addresses of one length."""
    for name in ("Ditta", "Emily"):
        cast.join(name, "viewer", password=PASSWORD if name == "Ditta" else "")
    set_user(cast.store, cast["Ditta"].user_guid, disabled_at=clock.now())
    return [
        (carol, WRONG),
        ("nobody@nowhere.com", PASSWORD),
        (cast["Ditta"].email, PASSWORD),
        ("emily@example.com", ""),
    ]
