"""What was seen of the addresses of a key, as a command tells it."""

from typing import Any

from ostiary.applications.models import OTHERS
from ostiary.applications.observation.report import Report
from ostiary.cli import show


def observed(found: Report) -> dict[str, Any]:
    """`smallest_ip_allowlist` is null when no list fits, and `proposed_ip_allowlist` what uses are compared with."""
    return {
        "observed_since": show.on_the_wire(found.since),
        "addresses": len(found.known),
        "has_more_addresses": found.others is not None,
        "uses": found.uses,
        "smallest_ip_allowlist": None if found.smallest is None else list(found.smallest),
        "proposed_ip_allowlist": list(found.proposed),
        "seen": _seen(found),
    }


def _seen(found: Report) -> list[dict[str, Any]]:
    """An address is null where it was unknown; of `others` nobody can say what the list would do."""
    verdicts = {one.address: "let in" for one in found.let_in} | {one.address: "cut off" for one in found.cut_off}
    return [
        {
            "address": "others" if one.address == OTHERS else one.address or None,
            "uses": one.count,
            "first_seen_at": show.on_the_wire(one.first_seen_at),
            "last_seen_at": show.on_the_wire(one.last_seen_at),
            "with_proposed_list": verdicts.get(one.address),
        }
        for one in found.seen
    ]
