"""Guessing takes time: wrong passwords slow their source, and many of them everybody who is new to the account."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from ostiary import clock
from ostiary.errors import TooManyRequests
from ostiary.limits.counting import Counting
from ostiary.limits.kinds import US_PER_SECOND, Ask, Counted, Exceeded, Kind, source_of
from ostiary.users.models import EMAIL_LETTERS

# When only attempts that are under way are in the way: most of them will turn out right.
SOON_SECONDS = 60


class SignInThrottle:
    """Counts failures only: who knows the password is never slowed by knowing it."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._under_way: Counter[Counted] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def attempt(self, address: str, email: str, *, is_known_source: bool) -> Iterator[Callable[[], None]]:
        """Raises TooManyRequests. A stranger cannot lock a person out of where they are signed in already.

        Gives what to call when the password was wrong. Until it ends, an attempt counts as one that may fail: a
        hundred at once are a hundred guesses.
        """
        source = (Kind.FAILED_SIGN_INS_PER_SOURCE, source_of(address))
        account = (Kind.FAILED_SIGN_INS_PER_ACCOUNT, email[:EMAIL_LETTERS])
        with self._attempt((source,) if is_known_source else (source, account)) as failed:

            def failed_here() -> None:
                failed()
                if is_known_source:
                    self._counting.take([(account,)])

            yield failed_here

    def user_code(self, user_guid: str) -> contextlib.AbstractContextManager[Callable[[], None]]:
        """The same for somebody who is signed in and types the code that a program shows."""
        return self._attempt(((Kind.FAILED_USER_CODES_PER_ACCOUNT, user_guid),))

    @contextlib.contextmanager
    def _attempt(self, ask: Ask) -> Iterator[Callable[[], None]]:
        [verdict] = self._counting.take([ask])
        with self._lock:
            if isinstance(verdict, Exceeded):
                is_under_way = any(self._under_way[each] for each in ask if each[0] == verdict.kind)
                raise _too_many(_at_the_latest(verdict, SOON_SECONDS) if is_under_way else verdict)
            self._under_way.update(ask)
        has_failed = False

        def failed() -> None:
            nonlocal has_failed
            has_failed = True

        try:
            yield failed
        finally:
            if not has_failed:
                self._counting.give_back(ask, verdict)
            with self._lock:
                self._under_way.subtract(ask)
                # Takes those out that came down to nothing.
                self._under_way = +self._under_way

    def newcomer(self, address: str) -> None:
        """Counts somebody who makes an account; raises TooManyRequests."""
        [verdict] = self._counting.take([((Kind.SIGN_UPS_PER_SOURCE, source_of(address)),)])
        if isinstance(verdict, Exceeded):
            raise _too_many(verdict)


def _at_the_latest(exceeded: Exceeded, seconds: int) -> Exceeded:
    return exceeded._replace(wait_us=min(exceeded.wait_us, seconds * US_PER_SECOND))


def _too_many(exceeded: Exceeded) -> TooManyRequests:
    return TooManyRequests(
        f"Too many attempts. Try again in {clock.wait_in_words(exceeded.retry_after_seconds)}",
        exceeded.retry_after_seconds,
        message_code="too_many_attempts",
        headers=exceeded.headers,
    )
