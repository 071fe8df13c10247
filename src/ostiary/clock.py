"""What time it is: always UTC, to the millisecond, which is what the wire carries."""

import datetime as dt
import math
import time

UTC = dt.UTC
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


# Time services set a clock by less than this while others rely on it.
MOST_SET_SECONDS = 60.0


class Watch:
    """Notices when the machine's clock is set by more than a minute; until it is right again, time goes on as it was.

    Nobody can tell from here whether it was wrong before or is now, so meanwhile no token is made and nothing written.
    """

    def __init__(self) -> None:
        # What the clock said when the machine was started, in seconds: always the same as long as nobody sets it.
        self._since_boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        self._looked_at = time.time()
        # How far the clock is ahead of what it should say.
        self.ahead_seconds = 0.0

    @property
    def is_wrong(self) -> bool:
        return self.ahead_seconds != 0.0

    def is_surprised_by(self, seconds: float) -> bool:
        """Whether the clock has gone back since it was looked at, or on for longer than it should have."""
        return not self._looked_at <= seconds < self._looked_at + MOST_SET_SECONDS

    def look(self, told: dt.datetime | None = None) -> None:
        """Compare with the time since the machine was started, or with what another clock has told just now."""
        self._looked_at = time.time()
        since_boot = self._looked_at - time.clock_gettime(time.CLOCK_BOOTTIME)
        ahead = since_boot - self._since_boot if told is None else self._looked_at - told.timestamp()
        self.ahead_seconds = ahead if abs(ahead) > MOST_SET_SECONDS else 0.0
        if told is not None and not self.is_wrong:
            self._since_boot = since_boot


# There is one clock in a process. Whoever keeps the process going lets it look about once a second.
watch = Watch()


def now() -> dt.datetime:
    """The present moment, cut to whole milliseconds so that it survives the wire and both databases unchanged."""
    moment = dt.datetime.fromtimestamp(_watched_seconds(), UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seconds() -> float:
    """Seconds since 1970, as JWT counts them (RFC 7519 §2, NumericDate)."""
    return _watched_seconds()


def _watched_seconds() -> float:
    told = time.time()
    if watch.is_surprised_by(told):
        watch.look()
    return told - watch.ahead_seconds


def ticks() -> int:
    """Microseconds that only go forwards, for lengths of time: whoever sets the clock changes nothing."""
    return time.monotonic_ns() // 1000


def on_the_wire(moment: dt.datetime) -> str:
    """ISO 8601 with milliseconds and Z, as the published clients expect it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def in_words(length_seconds: float) -> str:
    """A length of time for people: `45 seconds`, `3 hours`, `12 days`."""
    for unit, unit_seconds in UNITS:
        if length_seconds >= 2 * unit_seconds:
            return f"{int(length_seconds // unit_seconds)} {unit}s"
    whole = int(length_seconds)
    return "1 second" if whole == 1 else f"{whole} seconds"


def wait_in_words(length_seconds: float) -> str:
    """The same for somebody who has to wait: rounded up, so that nobody comes back too early."""
    unit_seconds = next((each for _, each in UNITS if length_seconds >= 2 * each), 1)
    return in_words(math.ceil(length_seconds / unit_seconds) * unit_seconds)
