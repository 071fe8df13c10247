"""Where everybody asks whether a limit allows something: counted in this process, or in Redis for all of them."""

from collections.abc import Sequence

from ostiary.errors import TooManyRequests
from ostiary.limits.kinds import Ask, Exceeded, Limits, Verdict, chosen
from ostiary.limits.redis_windows import RedisWindows
from ostiary.limits.shared_windows import SharedWindows
from ostiary.limits.windows import Windows
from ostiary.settings import Settings


class Counting:
    """`take` may wait for Redis a moment, for those with a thread of their own; `take_soon` is for the event loop."""

    def __init__(self, limits: Limits, shared: SharedWindows | None = None) -> None:
        self.limits = limits
        self._here = Windows(limits)
        self._shared = shared

    @property
    def is_shared(self) -> bool:
        """Whether processes count together, as long as Redis is there."""
        return self._shared is not None

    @property
    def is_whole(self) -> bool:
        return self._shared is not None and not self._shared.is_away

    def take(self, asks: Sequence[Ask]) -> list[Verdict]:
        """Counts each request for all that it asks, or, when one of them says no, for none."""
        found = None if self._shared is None else self._shared.take(asks)
        return self._here.take(asks) if found is None else found

    async def take_soon(self, asks: Sequence[Ask]) -> list[Verdict]:
        found = None if self._shared is None else await self._shared.take_soon(asks)
        return self._here.take(asks) if found is None else found

    def give_back(self, ask: Ask, verdict: Verdict) -> None:
        """As if it had not been counted."""
        if isinstance(verdict, Exceeded):
            return
        # Only one of the two knows the moment: their clocks have nothing in common.
        self._here.give_back(ask, verdict)
        if self._shared is not None:
            self._shared.give_back(ask, verdict)

    def admit(self, ask: Ask, message: str) -> None:
        """The door for routes: counts the request; raises TooManyRequests, which says `message` and when to come."""
        [verdict] = self.take([ask])
        if isinstance(verdict, Exceeded):
            raise refused(verdict, message)

    def close(self) -> None:
        if self._shared is not None:
            self._shared.close()


def refused(exceeded: Exceeded, message: str) -> TooManyRequests:
    seconds = exceeded.retry_after_seconds
    return TooManyRequests(f"{message}: {try_again(seconds)}", seconds, headers=exceeded.headers)


def try_again(seconds: int) -> str:
    return f"try again in {seconds} second{'s' if seconds > 1 else ''}"


def open_counting(settings: Settings, name_key: bytes) -> Counting:
    """As the settings say; raises ConfigurationError. Redis may be away: it is looked for when it is needed."""
    url, limits = settings.shared_limits_url, chosen(settings)
    shared = SharedWindows(RedisWindows(url, limits, name_key)) if url else None
    return Counting(limits, shared)
