"""Two things that must take equally long: timed in pairs, each pair in random order, and compared by their medians."""

import gc
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

# Of the standard normal distribution: how far 99 % of it reach.
Z_99 = 2.576


class Interval(NamedTuple):
    """Where the median difference lies with 99 % confidence, in seconds."""

    low: float
    high: float

    def is_beyond(self, bound: float) -> bool:
        """Whether the two are certain to differ by more than the bound."""
        return self.low > bound or self.high < -bound


def median_interval(differences: Iterable[float]) -> Interval:
    """By order statistics: however the differences are distributed, and whatever interrupted some of them."""
    ordered = sorted(differences)
    spread = Z_99 * math.sqrt(len(ordered)) / 2
    middle = len(ordered) / 2
    low, high = max(0, math.floor(middle - spread)), min(len(ordered) - 1, math.ceil(middle + spread))
    return Interval(ordered[low], ordered[high])


def timed(first: Callable[[], object], second: Callable[[], object], pairs: int) -> Interval:
    """How much longer the first takes than the second."""
    with _undisturbed():
        return median_interval(_differences(first, second, pairs))


async def timed_awaiting(
    first: Callable[[], Awaitable[object]], second: Callable[[], Awaitable[object]], pairs: int
) -> Interval:
    differences = []
    with _undisturbed():
        for _ in range(pairs):
            took = {}
            for way in _either_way((first, second)):
                before = time.perf_counter()
                await way()
                took[way] = time.perf_counter() - before
            differences.append(took[first] - took[second])
    return median_interval(differences)


def _differences(first: Callable[[], object], second: Callable[[], object], pairs: int) -> Iterator[float]:
    for _ in range(pairs):
        took = {}
        for way in _either_way((first, second)):
            before = time.perf_counter()
            way()
            took[way] = time.perf_counter() - before
        yield took[first] - took[second]


def _either_way(both: Sequence[Any]) -> Sequence[Any]:
    return random.sample(both, 2)


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
