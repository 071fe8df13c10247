"""What time it is: always UTC, to the millisecond, which is what the wire carries."""

import datetime as dt
import math
import time

UTC = dt.UTC
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def now() -> dt.datetime:
    """The present moment, cut to whole milliseconds so that it survives the wire and both databases unchanged."""
    moment = dt.datetime.fromtimestamp(time.time(), UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seconds() -> float:
    """Seconds since 1970, as JWT counts them (RFC 7519 §2, NumericDate)."""
    return time.time()


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
