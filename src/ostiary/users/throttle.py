"""Guessing passwords takes time: failures slow their source, and many of them everybody who is new to the account."""

import contextlib
import ipaddress
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ostiary.errors import Invalid
from ostiary.users.models import EMAIL_LETTERS

# One process counts for itself.
PER_SOURCE = RateLimitItemPerMinute(10, 15, namespace="sign-in-source")
# NIST SP 800-63B §3.2.2: no more than 100 failures for an account.
PER_ACCOUNT = RateLimitItemPerMinute(100, 30, namespace="sign-in-account")
# Who tries out addresses learns which of them have an account.
PER_NEWCOMER = RateLimitItemPerMinute(20, 15, namespace="sign-up-source")
IPV6_PREFIX = 64


class SignInThrottle:
    """Counts failures only: who knows the password is never slowed by knowing it."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[tuple[RateLimitItem, str]] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def attempt(self, address: str, email: str, *, is_known_source: bool) -> Iterator[Callable[[], None]]:
        """Raises Invalid (429). A stranger cannot lock a person out of where they are signed in already.

        Gives what to call when the password was wrong. Until it ends, an attempt counts as one that may fail: a
        hundred at once are a hundred guesses.
        """
        source, account = (PER_SOURCE, _source(address)), (PER_ACCOUNT, email[:EMAIL_LETTERS])
        with self._lock:
            for limit, key in (source,) if is_known_source else (source, account):
                self._check(limit, key, self._under_way[limit, key])
            self._under_way.update((source, account))

        def failed() -> None:
            for limit, key in (source, account):
                self._limiter.hit(limit, key)

        try:
            yield failed
        finally:
            with self._lock:
                self._under_way.subtract((source, account))
                # Takes those out that came down to nothing.
                self._under_way = +self._under_way

    def newcomer(self, address: str) -> None:
        """Counts somebody who makes an account; raises Invalid (429)."""
        self._check(PER_NEWCOMER, _source(address), 0)
        self._limiter.hit(PER_NEWCOMER, _source(address))

    def _check(self, limit: RateLimitItem, key: str, under_way: int) -> None:
        if self._limiter.test(limit, key, cost=1 + under_way):
            return
        is_full = not self._limiter.test(limit, key)
        reset_at = self._limiter.get_window_stats(limit, key).reset_time if is_full else time.time()
        minutes = max(1, math.ceil((reset_at - time.time()) / 60))
        raise Invalid(
            "too_many_attempts",
            f"Too many attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}",
            status=429,
            retry_after_seconds=minutes * 60,
        )


def _source(address: str) -> str:
    # Whoever has an IPv6 address has its whole /64.
    if ":" in address:
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return address
