"""Moving windows in this process's memory: exact to one request, and no more of them than fit."""

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from random import random

from ostiary import clock
from ostiary.limits.kinds import US_PER_SECOND, Ask, Exceeded, Kind, Limits, Verdict
from ostiary.settings import Limit

# Of each kind. One takes about 350 bytes, and 8 more for each request that it remembers.
MOST_NAMES = 50_000
# Of those that are there already, whenever a new one comes, and when there is no place for it.
LOOKED_AT = 2
LOOKED_AT_WHEN_FULL = 5
# A window with fewer moments than this is not looked through.
FEW = 16


class Window:
    """When somebody was counted, the oldest first; what stands before `start` is over."""

    __slots__ = ("look_again_at", "place", "start", "times")

    def __init__(self, place: int) -> None:
        self.place = place
        self.start = 0
        self.times = array("q")
        # With fewer moments than this, over or not, there is room for another one.
        self.look_again_at = 1

    def look(self, since: int, most: int) -> int:
        """Leaves behind what is not after `since`; gives how many remain."""
        times = self.times
        start = bisect_right(times, since, self.start)
        if 2 * start >= len(times):
            del times[:start]
            start = 0
        self.start = start
        remaining = len(times) - start
        # Twice as many, so that most requests find room without looking, and little is kept that is over.
        self.look_again_at = start + min(most, max(2 * remaining, FEW))
        return remaining


class Table:
    """The windows of one kind.

    There is always room for a newcomer. When all places are taken, the emptiest of a few picked at random goes: to be
    rid of a window that is full, somebody would have to fill nearly all the others first, and a flood of sources that
    ask once each only displaces itself.
    """

    def __init__(self, kind: Kind, limit: Limit, most_names: int) -> None:
        self.windows: dict[str, Window] = {}
        self._kind = kind
        self._limit = limit
        self._length_us = limit.seconds * US_PER_SECOND
        self._most_names = most_names
        self._names: list[str] = []

    def refusal(self, window: Window, now: int) -> Exceeded | None:
        """None when one more is allowed."""
        since, most = now - self._length_us, self._limit.requests
        if window.look(since, most) < most:
            return None
        return Exceeded(self._kind, self._limit, window.times[-most] - since)

    def add(self, name: str, now: int) -> Window:
        self._make_room(now - self._length_us)
        made = self.windows[name] = Window(len(self._names))
        self._names.append(name)
        return made

    def give_back(self, name: str, moment: int) -> None:
        window = self.windows.get(name)
        if window is None:
            return
        place = bisect_left(window.times, moment, window.start)
        if place < len(window.times) and window.times[place] == moment:
            del window.times[place]

    def _make_room(self, since: int) -> None:
        is_full = len(self._names) >= self._most_names
        remaining = {}
        for name in self._picked(LOOKED_AT_WHEN_FULL if is_full else LOOKED_AT):
            count = self.windows[name].look(since, self._limit.requests)
            if count:
                remaining[name] = count
            else:
                self._drop(name)
        if len(self._names) >= self._most_names:
            self._drop(min(remaining, key=remaining.__getitem__))

    def _picked(self, count: int) -> set[str]:
        many = len(self._names)
        return {self._names[int(random() * many)] for _ in range(min(many, count))}  # noqa: S311 - no secret

    def _drop(self, name: str) -> None:
        place = self.windows.pop(name).place
        last = self._names.pop()
        if last != name:
            self._names[place] = last
            self.windows[last].place = place


class Windows:
    """All kinds together; a kind without a limit is not counted. Safe to use from many threads."""

    def __init__(self, limits: Limits, most_names: int = MOST_NAMES) -> None:
        self.tables = {kind: Table(kind, limit, most_names) for kind, limit in limits.items()}
        self._lock = threading.Lock()

    def take(self, asks: Sequence[Ask]) -> list[Verdict]:
        """Counts each request for all that it asks, or, when one of them says no, for none."""
        with self._lock:
            now = clock.ticks()
            return [self._take(ask, now) for ask in asks]

    def give_back(self, ask: Ask, moment: int) -> None:
        """Takes out what was counted at that moment."""
        with self._lock:
            for kind, name in ask:
                if kind in self.tables:
                    self.tables[kind].give_back(name, moment)

    def _take(self, ask: Ask, now: int) -> Verdict:
        # In the fast lane: a microsecond, most of it for finding the window.
        found = []
        worst: Exceeded | None = None
        for kind, name in ask:
            table = self.tables.get(kind)
            if table is None:
                continue
            window = table.windows.get(name) or table.add(name, now)
            if len(window.times) >= window.look_again_at:
                refusal = table.refusal(window, now)
                if refusal is not None and (worst is None or refusal.wait_us > worst.wait_us):
                    worst = refusal
            found.append(window)
        if worst is not None:
            return worst
        for window in found:
            window.times.append(now)
        return now
