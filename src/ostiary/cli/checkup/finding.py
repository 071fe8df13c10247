"""One thing that was looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """How it is, and, where it needs a hand, what to do."""

    name: str
    is_fine: bool
    message: str
    what_to_do: str = ""


def fine(name: str, message: str) -> Finding:
    return Finding(name, True, message)


def wrong(name: str, message: str, what_to_do: str) -> Finding:
    return Finding(name, False, message, what_to_do)
