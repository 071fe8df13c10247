"""The smallest address list that fits: it lets every seen address in, and as few strangers as possible.

Of all lists that let every seen address in, have at most so many entries and none wider than /8 or /16, the smallest is

1. the one that lets in the fewest strangers: IPv4 addresses, or IPv6 /64s, of which none was seen. A /64 is what one
   network gets; were its addresses counted, one of them would be dearer than the whole of IPv4;
2. of these, the one that covers the fewest addresses;
3. of these, the one with the fewest entries.

So, as long as there is room, every seen address stands by itself, and neighbours that fill a block are one entry. Only
when there are more than fit do those grow together between which the fewest strangers stand.
"""

import ipaddress
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ostiary.access.addresses import MOST_ENTRIES, WIDEST_PREFIX, Address
from ostiary.settings import Network

# IPv6 addresses that differ behind it are no strangers to each other.
LINK_PREFIX = 64

SmallestList = tuple[Network, ...]


class _Cover(NamedTuple):
    """One way to let some addresses in. Tuples are compared from the left: the smaller one is better."""

    strangers: int
    unseen: int
    entries: int
    # Entries of this one, or of the two that it is made of.
    parts: "tuple[Network, ...] | tuple[_Cover, _Cover]"


# The best cover with one entry, with two, and so on; None where there is none.
_Covers = list[_Cover | None]


class _Seen(NamedTuple):
    """What was seen inside a block, and the best ways to let it in."""

    addresses: int
    places: int
    covers: _Covers


def smallest_list(seen: Collection[Address], most: int = MOST_ENTRIES) -> SmallestList | None:
    """In the order of addresses, IPv4 first; None when no list of so many entries fits."""
    if not seen:
        return ()
    # Seen neighbours that fill a block are let in by one entry, and nobody else is.
    old = ipaddress.collapse_addresses(ipaddress.IPv4Network(one) for one in seen if one.version == 4)  # noqa: PLR2004
    new = ipaddress.collapse_addresses(ipaddress.IPv6Network(one) for one in seen if one.version != 4)  # noqa: PLR2004
    covers: _Covers = []
    for blocks in (list(old), list(new)):
        if blocks:
            found = _look(blocks, most).covers
            covers = _together(covers, found, most) if covers else found
    best = min((cover for cover in covers if cover is not None), default=None, key=lambda cover: cover[:3])
    return None if best is None else tuple(_entries(best))


def _look(blocks: Sequence[Network], most: int) -> _Seen:
    if len(blocks) == 1:
        block = blocks[0]
        return _Seen(block.num_addresses, _places(block), [_Cover(0, 0, 1, (block,))])
    whole = _around(blocks[0], blocks[-1])
    upper = _upper_half(whole)
    cut = next(at for at, block in enumerate(blocks) if int(block.network_address) >= upper)
    left, right = _look(blocks[:cut], most), _look(blocks[cut:], most)
    addresses = left.addresses + right.addresses
    # Two halves of one /64 are one place.
    places = min(left.places + right.places, _places(whole))
    covers = _together(left.covers, right.covers, most)
    if whole.prefixlen >= WIDEST_PREFIX[whole.version]:
        covers[0] = _Cover(_places(whole) - places, whole.num_addresses - addresses, 1, (whole,))
    return _Seen(addresses, places, covers)


def _together(left: _Covers, right: _Covers, most: int) -> _Covers:
    """The best of both sides, for every number of entries."""
    found: _Covers = [None] * min(len(left) + len(right), most)
    for one in filter(None, left):
        for other in filter(None, right):
            entries = one.entries + other.entries
            if entries > most:
                break
            best = found[entries - 1]
            strangers, unseen = one.strangers + other.strangers, one.unseen + other.unseen
            if best is None or (strangers, unseen) < best[:2]:
                found[entries - 1] = _Cover(strangers, unseen, entries, (one, other))
    return found


def _entries(cover: _Cover) -> Iterable[Network]:
    for part in cover.parts:
        if isinstance(part, _Cover):
            yield from _entries(part)
        else:
            yield part


def _around(first: Network, last: Network) -> Network:
    """The narrowest block with both in it."""
    differing = int(first.network_address) ^ int(last.broadcast_address)
    return first.supernet(new_prefix=first.max_prefixlen - differing.bit_length())


def _upper_half(block: Network) -> int:
    return int(block.network_address) + block.num_addresses // 2


def _places(block: Network) -> int:
    """How many strangers there could be in it."""
    last = block.max_prefixlen if block.version == 4 else LINK_PREFIX  # noqa: PLR2004 - IPv4
    return 1 << max(last - block.prefixlen, 0)
