"""What all walks have in common: each begins with the same rows, and looks after every step what was read and written.

machine.py walks through the API on top of this, page_walk.py through the pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.oauth.desk import Desk
from tests.tenancy import state
from tests.tenancy.state import Base, Place
from tests.tenancy.watching import Watch

USUAL = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
# Where a failure is wanted, it is repeated, so its walk had better be short; it is neither made small nor kept.
FAILING = settings(USUAL, stateful_step_count=15, phases=[Phase.generate], database=None, report_multiple_bugs=False)


class Stage:
    """Where a walk happens. Whoever is there is put there once, and remembered when everybody is."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self.desk, self.store, self.watch = desk, desk.store, watch
        self.steps = 0
        # The desk's own organization is not in the play.
        Base.of(self.store, "signing_keys").restore(self.store)
        self._base = Base.of(self.store)

    def remember(self) -> None:
        self._base = Base.of(self.store)

    def begin(self) -> None:
        """Everything as it was in the beginning."""
        self._base.restore(self.store)


class Walk(RuleBasedStateMachine):
    cast: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.cast.begin()
        self.before = self.state = state.read(self.cast.store)
        self.cast.watch.taken()

    def teardown(self) -> None:
        self.look()
        missed = state.changed(self.state, state.read(self.cast.store))
        assert not missed, f"something was written that watching.py does not notice: {missed}"

    def look(self) -> tuple[set[Place], set[Place]]:
        """Which rows were read and which are not what they were, since the last look."""
        read, written = self.cast.watch.taken()
        self.before, self.state = self.state, state.reread(self.cast.store, self.state, written)
        return read, state.changed(self.before, self.state)


W = TypeVar("W", bound=Walk)


def walk(visitors: type[Walk], cast: Stage, steps: int, chosen: settings = USUAL) -> None:
    visitors.cast, cast.steps = cast, 0
    # Hypothesis ends a walk early now and then.
    while cast.steps < steps:
        walks = 1 + (steps - cast.steps) // chosen.stateful_step_count
        run_state_machine_as_test(visitors, settings=settings(chosen, max_examples=walks))


@contextmanager
def failing(visitors: type[W], cast: Stage, says: str) -> Iterator[W]:
    """For a single step, which must find what is wrong."""
    visitors.cast = cast
    with pytest.raises(AssertionError, match=says):
        yield visitors()
