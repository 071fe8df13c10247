"""Record ids: UUIDv7 (RFC 9562 §5.7) as 32 lower-case hex letters."""

import os
import re
import threading
import time

FORM = re.compile(r"[0-9a-f]{32}\Z")

_lock = threading.Lock()
_last = 0


def new() -> str:
    """A new id, greater than every earlier one of this process, so that indexes grow at their end."""
    global _last  # noqa: PLW0603 - the clock alone repeats within a millisecond; this keeps the order
    random = int.from_bytes(os.urandom(8)) >> 2
    with _lock:
        # RFC 9562 §6.2 method 3: the twelve bits after the milliseconds count parts of a millisecond.
        ticks = time.time_ns() * 4096 // 1_000_000
        _last = max(_last + 1, ticks)
        ticks = _last
    milliseconds, part = divmod(ticks, 4096)
    return f"{(milliseconds << 80) | (0x7 << 76) | (part << 64) | (0b10 << 62) | random:032x}"


def is_one(text: str) -> bool:
    """Whether it is written like an id; whether there is such a thing is another question."""
    return FORM.match(text) is not None
