"""Guessing passwords takes time: failures slow their source, and many of them everybody who is new to the account."""

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ostiary.errors import Invalid

# One process counts for itself.
PER_SOURCE = RateLimitItemPerMinute(10, 15, namespace="sign-in-source")
# NIST SP 800-63B §3.2.2: no more than 100 failures for an account.
PER_ACCOUNT = RateLimitItemPerMinute(100, 30, namespace="sign-in-account")
IPV6_PREFIX = 64


class SignInThrottle:
    """Counts failures only: who knows the password is never slowed by knowing it."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, address: str, email: str, *, is_known_source: bool) -> None:
        """Raises Invalid (429). A stranger cannot lock a person out of where they are signed in already."""
        if not self._limiter.test(PER_SOURCE, _source(address)):
            raise self._slow_down(PER_SOURCE, _source(address))
        if not is_known_source and not self._limiter.test(PER_ACCOUNT, email):
            raise self._slow_down(PER_ACCOUNT, email)

    def failed(self, address: str, email: str) -> None:
        self._limiter.hit(PER_SOURCE, _source(address))
        self._limiter.hit(PER_ACCOUNT, email)

    def _slow_down(self, limit: RateLimitItemPerMinute, key: str) -> Invalid:
        reset_at, _ = self._limiter.get_window_stats(limit, key)
        minutes = max(1, math.ceil((reset_at - time.time()) / 60))
        return Invalid(
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
