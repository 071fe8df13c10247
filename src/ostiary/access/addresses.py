"""Source addresses: which a key may be used from, and which one a request really came from."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from ostiary.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WIDEST_PREFIX = {4: 8, 6: 16}
MOST_ENTRIES = 100
# Whoever has an IPv6 address has its whole network of this size.
LONGEST_ENTRY = 48


def parse_list(entries: Iterable[str]) -> tuple[str, ...]:
    """Canonical CIDRs without repeats, in the order given; raises ValueError saying which entry is wrong and why."""
    networks = tuple(dict.fromkeys(str(_parse_entry(entry)) for entry in entries))
    if len(networks) > MOST_ENTRIES:
        raise ValueError(f"at most {MOST_ENTRIES} addresses fit in a list")
    return networks


def _parse_entry(entry: str) -> Network:
    try:
        # A zone (RFC 4007 §11) names a cable of one machine; Python would drop it and list the address everywhere.
        network = ipaddress.ip_network("" if "%" in entry else entry.strip())
    except ValueError as error:
        reason = "has bits set behind its prefix" if "host bits" in str(error) else "is not an IP address or CIDR range"
        # Whatever is longer than an address is not repeated: it could be a secret in the wrong field.
        shown = repr(entry) if len(entry) <= LONGEST_ENTRY else f"an entry of {len(entry)} letters"
        raise ValueError(f"{shown} {reason}") from error
    if isinstance(network, ipaddress.IPv6Network):
        network = _unmapped(network)
    if network.prefixlen < WIDEST_PREFIX[network.version]:
        raise ValueError(f"{entry!r} is too wide: at least /{WIDEST_PREFIX[network.version]} for IPv{network.version}")
    return network


def _unmapped(network: ipaddress.IPv6Network) -> Network:
    # ::ffff:192.0.2.1 is 192.0.2.1 in other clothes, and requests are compared undressed.
    inner = network.network_address.ipv4_mapped
    if inner is None:
        return network
    if network.prefixlen < 128 - 32:
        raise ValueError(f"'{network}' mixes IPv4 and IPv6")
    return ipaddress.IPv4Network((inner, network.prefixlen - 96))


@lru_cache(maxsize=4096)
def allows(stored: str, address: str) -> bool:
    """Whether a list, as it is stored, lets an address in. A pure function: remembering its answers is safe."""
    source = parse_address(address)
    return source is not None and any(source in ipaddress.ip_network(entry) for entry in stored.split())


def matcher(entries: Iterable[str]) -> Callable[[str], bool]:
    """The same question of one list about many addresses, without a memory that they would fill."""
    networks = [network for entry in entries if (network := _stored_entry(entry)) is not None]

    def lets_in(address: str) -> bool:
        source = parse_address(address)
        return source is not None and any(source in network for network in networks)

    return lets_in


def _stored_entry(entry: str) -> Network | None:
    # Somebody may have changed the row by hand: what is no entry lets nobody in.
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def parse_address(text: str) -> Address | None:
    """One address, IPv4-mapped ones undressed; None for anything else, zone ids included."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The one spelling of an address, or "" for what is none."""
    return str(parse_address(text) or "")


class SenderWay(StrEnum):
    """Which way a request came, as far as one can tell."""

    DIRECT = "direct"
    PROXY = "proxy"
    # Trusted, and it names no caller.
    SILENT_PROXY = "silent_proxy"
    # It names a caller, and is not believed.
    UNKNOWN_PROXY = "unknown_proxy"


class ClientAddress:
    """Finds the address a request came from: the peer, or the right-most hop that no trusted proxy vouches for."""

    def __init__(self, trusted_proxies: Sequence[Network]) -> None:
        self._trusted = tuple(trusted_proxies)

    def of(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """The address in canonical text, or "" when it cannot be known, which no list lets in."""
        if not self._trusted:
            return canonical(peer)
        address = parse_address(peer)
        if address is None:
            return ""
        if not self._trusts(address):
            return str(address)
        # Several headers are one list (RFC 9110 §5.3); every proxy appends at the right.
        for hop in reversed(",".join(forwarded_for).split(",") if forwarded_for else []):
            address = parse_address(hop.strip(" \t"))
            if address is None:
                return ""
            if not self._trusts(address):
                break
        return str(address)

    def way(self, peer: str, forwarded_for: Sequence[str]) -> SenderWay:
        address = parse_address(peer)
        if address is not None and self._trusts(address):
            return SenderWay.PROXY if forwarded_for else SenderWay.SILENT_PROXY
        return SenderWay.UNKNOWN_PROXY if forwarded_for else SenderWay.DIRECT

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)
