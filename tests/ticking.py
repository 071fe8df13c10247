"""A clock that stands still until a test moves it, and limits counted by it."""

import pytest

from ostiary import clock
from ostiary.limits import kinds
from ostiary.limits.counting import Counting
from ostiary.limits.kinds import US_PER_SECOND
from ostiary.settings import Settings


class Ticks:
    """In place of the machine's own, from where it was made."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = US_PER_SECOND
        patch.setattr(clock, "ticks", lambda: self.now)

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * US_PER_SECOND)


def counting(settings: Settings | None = None) -> Counting:
    """In memory, with the limits that everybody has who sets none."""
    return Counting(kinds.chosen(settings or Settings()))
