"""The smallest list that fits: against every list there is on small cases, and against its promises on large ones."""

import ipaddress
import itertools
import time
from collections.abc import Collection, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.access import addresses
from ostiary.access.addresses import MOST_ENTRIES, WIDEST_PREFIX, Address
from ostiary.access.smallest_list import LINK_PREFIX, smallest_list
from ostiary.settings import Network

Cost = tuple[int, int, int]


def parsed(*texts: str) -> set[Address]:
    return {ipaddress.ip_address(text) for text in texts}


def proposed(*texts: str, most: int = MOST_ENTRIES) -> list[str] | None:
    found = smallest_list(parsed(*texts), most)
    return None if found is None else [str(each) for each in found]


def links(block: Network) -> int:
    return int(2 ** max(LINK_PREFIX - block.prefixlen, 0))


def cost(blocks: Collection[Network], seen: Collection[Address]) -> Cost:
    """Strangers, other addresses, entries: counted one by one, as the rule says it."""
    new = [one for one in seen if one.version == 6]
    strangers = sum(block.num_addresses for block in blocks if block.version == 4) - (len(seen) - len(new))
    for block in blocks:
        if block.version == 6:
            strangers += links(block) - len({int(one) >> LINK_PREFIX for one in new if one in block})
    unseen = sum(block.num_addresses for block in blocks) - len(seen)
    return strangers, unseen, len(blocks)


def every_list(candidates: Sequence[Network], most: int) -> Iterator[tuple[Network, ...]]:
    for number in range(1, most + 1):
        for blocks in itertools.combinations(candidates, number):
            if not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2)):
                yield blocks


def best_by_trying(seen: Collection[Address], candidates: Sequence[Network], most: int) -> Cost | None:
    allowed = [each for each in candidates if each.prefixlen >= WIDEST_PREFIX[each.version]]
    fitting = (
        cost(blocks, seen)
        for blocks in every_list(allowed, most)
        if all(any(one in block for block in blocks) for one in seen)
    )
    return min(fitting, default=None)


def subnets(text: str, *prefixes: int) -> list[Network]:
    return [block for prefix in prefixes for block in ipaddress.ip_network(text).subnets(new_prefix=prefix)]


# All blocks of eight neighbours, where those are addresses, /8s, and the halves and quarters of two /64s.
IPV4 = subnets("192.0.2.8/29", 29, 30, 31, 32)
WIDE_ENDS = [ipaddress.ip_address(number << 29) for number in range(8)]
WIDE = [ipaddress.ip_network((int(one) >> (32 - p) << (32 - p), p)) for one in WIDE_ENDS for p in (*range(9), 32)]
IPV6 = subnets("2001:db8:0:4::/62", 62, 63, 64, 65)
IPV6_ENDS = [block.network_address for block in subnets("2001:db8:0:4::/62", 65)]
UNIVERSES = {
    "neighbours": ([block.network_address for block in subnets("192.0.2.8/29", 32)], IPV4),
    "far apart": (WIDE_ENDS, sorted(set(WIDE), key=str)),
    "IPv6": (IPV6_ENDS, [*IPV6, *(ipaddress.ip_network(one) for one in IPV6_ENDS)]),
    "both": (
        [*(block.network_address for block in subnets("192.0.2.8/30", 32)), *IPV6_ENDS[:4]],
        [*subnets("192.0.2.8/30", 30, 31, 32), *IPV6[:7], *(ipaddress.ip_network(one) for one in IPV6_ENDS[:4])],
    ),
}


@pytest.mark.parametrize("universe", UNIVERSES)
@given(data=st.data())
def test_finds_what_trying_every_list_finds(universe: str, data: st.DataObject) -> None:
    ends, candidates = UNIVERSES[universe]
    seen = data.draw(st.sets(st.sampled_from(ends), min_size=1))
    most = data.draw(st.integers(1, 3))
    found = smallest_list(seen, most)
    wanted = best_by_trying(seen, candidates, most)
    assert (found and cost(found, seen)) == wanted


def undressed(address: Address) -> Address:
    """As requests are compared."""
    found = addresses.parse_address(str(address))
    assert found is not None
    return found


anything = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.ip_addresses(network="192.0.2.0/26"),
    st.ip_addresses(network="2001:db8::/60"),
    st.ip_addresses(network="2001:db8::/121"),
).map(undressed)


@given(st.sets(anything, max_size=60), st.integers(1, 30))
def test_keeps_its_promises(seen: set[Address], most: int) -> None:
    found = smallest_list(seen, most)
    if found is None:
        return
    texts = [str(block) for block in found]
    assert list(addresses.parse_list(texts)) == texts
    assert len(texts) <= most
    assert all(any(one in block for block in found) for one in seen)
    # With room for everybody nobody else is let in.
    exact = smallest_list(seen, len(seen) or 1)
    assert exact is not None
    assert sum(block.num_addresses for block in exact) == len(seen)
    if len(exact) <= most:
        assert found == exact


@given(st.sets(anything, min_size=2, max_size=40), st.integers(1, 10))
def test_lets_fewer_strangers_in_with_more_room(seen: set[Address], most: int) -> None:
    tight, roomy = smallest_list(seen, most), smallest_list(seen, most + 1)
    if tight is not None:
        assert roomy is not None
        assert cost(roomy, seen)[:2] <= cost(tight, seen)[:2]


def test_lists_what_was_seen_and_nothing_else() -> None:
    assert proposed("203.0.113.9", "192.0.2.1", "2001:db8::1") == ["192.0.2.1/32", "203.0.113.9/32", "2001:db8::1/128"]
    assert proposed("192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.9") == ["192.0.2.4/30", "192.0.2.9/32"]
    # .5 and .6 are neighbours, but in no block without strangers.
    assert proposed("192.0.2.5", "192.0.2.6") == ["192.0.2.5/32", "192.0.2.6/32"]


def test_takes_neighbours_together_when_there_is_no_room() -> None:
    seen = ("192.0.2.1", "192.0.2.2", "192.0.2.200", "203.0.113.9")
    assert proposed(*seen, most=3) == ["192.0.2.0/30", "192.0.2.200/32", "203.0.113.9/32"]
    assert proposed(*seen, most=2) == ["192.0.2.0/24", "203.0.113.9/32"]
    # Both within one /64, which is nearer than two neighbours in IPv4.
    assert proposed("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::8000:1", most=3) == [
        "192.0.2.1/32",
        "192.0.2.2/32",
        "2001:db8::/96",
    ]


def test_says_when_no_list_fits() -> None:
    assert proposed("9.0.0.1", "11.0.0.1", most=1) is None
    assert proposed("9.0.0.1", "2001:db8::1", most=1) is None
    assert proposed("2001:db8::1", "2002:db8::1", most=1) is None
    assert proposed() == []


def test_is_quick_with_as_many_as_are_kept() -> None:
    """A thousand that fill no block, in both versions."""
    old = [ipaddress.ip_address(f"10.{number % 250}.{number // 4}.{number % 7}") for number in range(500)]
    new = [ipaddress.ip_address((0x20010DB8 << 96) + (number * 7919 << 61) + number) for number in range(500)]
    began = time.process_time()
    found = smallest_list({*old, *new})
    assert time.process_time() - began < 5
    assert found is not None
    assert len(found) == MOST_ENTRIES
