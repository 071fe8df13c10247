"""How often programs ask whether their codes were approved: RFC 8628 §3.5. In memory, so that asking costs no write.

Each process counts for itself: who asks several in turn is told later to slow down, which opens nothing.
"""

import datetime as dt
import threading

from ostiary.oauth.device_codes import INTERVAL_SECONDS
from ostiary.oauth.errors import AuthorizationPending, OAuthError, SlowDown
from ostiary.oauth.models import DeviceCode

SLOWER_SECONDS = 5
# More than wait at any time; beyond that the one that asked first is forgotten, and begins with the usual interval.
MOST_KEPT = 2000


class Polls:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By code: when it was asked about last, and how many seconds have to pass.
        self._last: dict[str, tuple[dt.datetime, int]] = {}

    def answer(self, code: DeviceCode, now: dt.datetime) -> OAuthError:
        """Whoever asks too soon waits five seconds longer, this time and every time after it."""
        with self._lock:
            last, interval = self._last.get(code.guid, (None, INTERVAL_SECONDS))
            is_too_soon = last is not None and (now - last).total_seconds() < interval
            interval += SLOWER_SECONDS if is_too_soon else 0
            if last is None and len(self._last) >= MOST_KEPT:
                del self._last[next(iter(self._last))]
            self._last[code.guid] = now, interval
        if is_too_soon:
            return SlowDown(f"Ask every {interval} seconds")
        return AuthorizationPending("Nobody has approved or denied it yet: ask again later")
