"""What an observation has found: who uses the key, the list that fits them, and whom another list would cut off."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostiary.access import addresses
from ostiary.access.smallest_list import smallest_list
from ostiary.applications.models import OTHERS, SeenAddress


@dataclass(frozen=True)
class Report:
    since: dt.datetime
    # Of the last thirty days, what was seen last first; all beyond the first thousand are one of them.
    seen: Sequence[SeenAddress]
    # The list that somebody has typed or accepted; empty as long as nobody has.
    typed: Sequence[str]

    @cached_property
    def known(self) -> Sequence[SeenAddress]:
        return [one for one in self.seen if one.address != OTHERS]

    @property
    def others(self) -> SeenAddress | None:
        """Those of whom nobody can say whether a list would let them in."""
        return next((one for one in self.seen if one.address == OTHERS), None)

    @property
    def uses(self) -> int:
        return sum(one.count for one in self.seen)

    @cached_property
    def smallest(self) -> Sequence[str] | None:
        """None when no list of so many entries fits."""
        sources = {source for one in self.known if (source := addresses.parse_address(one.address)) is not None}
        found = smallest_list(sources)
        return None if found is None else [str(network) for network in found]

    @property
    def proposed(self) -> Sequence[str]:
        """The list in question; empty as long as there is none."""
        return self.typed or self.smallest or []

    @cached_property
    def cut_off(self) -> Sequence[SeenAddress]:
        """Whom the list in question would refuse."""
        return self.cut_off_by(self.proposed)

    def cut_off_by(self, entries: Sequence[str]) -> Sequence[SeenAddress]:
        lets_in = addresses.matcher(entries)
        return [one for one in self.known if not lets_in(one.address)]


def fingerprint(cut_off: Sequence[SeenAddress]) -> str:
    """The same for the same addresses: whoever agreed to cut these off has agreed to nothing else."""
    return hashlib.sha256(" ".join(sorted(one.address for one in cut_off)).encode()).hexdigest()
