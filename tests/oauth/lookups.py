"""The token lane's look-up, watched or away."""

from collections.abc import Sequence

from ostiary.db.fast_reads import Lookup, Row
from ostiary.errors import StoreUnavailable


class Noting:
    """Looks up as always, and remembers what was asked together."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.waits = lookup.waits
        self.asked: list[Sequence[str]] = []

    async def __call__(self, *values: str) -> Sequence[Row]:
        return await self._lookup(*values)

    async def each(self, firsts: Sequence[str], /, *common: str) -> list[list[Row]]:
        self.asked.append(firsts)
        return await self._lookup.each(firsts, *common)


class Away(Noting):
    async def each(self, *_: object) -> list[list[Row]]:
        raise StoreUnavailable("away")
