"""What an observation has found: who uses the key, the list that fits them, and whom another list would cut off."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ostiary.access import addresses
from ostiary.access.smallest_list import SmallestList, smallest_list
from ostiary.applications.models import OTHERS, UNKNOWN, SeenAddress


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
    def has_unknown(self) -> bool:
        return any(one.address == UNKNOWN for one in self.known)

    @property
    def uses(self) -> int:
        return sum(one.count for one in self.seen)

    @cached_property
    def _fitting(self) -> SmallestList | None:
        sources = (addresses.parse_address(one.address) for one in self.known)
        return smallest_list({source for source in sources if source is not None})

    @property
    def smallest(self) -> Sequence[str] | None:
        """None when no list of so many entries fits."""
        return None if self._fitting is None else [str(network) for network in self._fitting]

    @property
    def is_exact(self) -> bool:
        """Whether the smallest list lets in nobody but whom it is made for."""
        whole = sum(network.num_addresses for network in self._fitting or ())
        return whole == sum(one.address != UNKNOWN for one in self.known)

    @property
    def proposed(self) -> Sequence[str]:
        """The list in question; empty as long as there is none."""
        return self.typed or self.smallest or []

    @cached_property
    def cut_off(self) -> Sequence[SeenAddress]:
        """Whom the list in question would refuse."""
        return self.cut_off_by(self.proposed)

    @property
    def let_in(self) -> Sequence[SeenAddress]:
        refused = {one.address for one in self.cut_off}
        return [one for one in self.known if one.address not in refused]

    def cut_off_by(self, entries: Sequence[str]) -> Sequence[SeenAddress]:
        lets_in = addresses.matcher(entries)
        return [one for one in self.known if not lets_in(one.address)]


def fingerprint(cut_off: Sequence[SeenAddress]) -> str:
    """The same for the same addresses: whoever agreed to cut these off has agreed to nothing else."""
    return hashlib.sha256(" ".join(sorted(one.address for one in cut_off)).encode()).hexdigest()
