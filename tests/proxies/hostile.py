"""Headers of somebody who wants to seem to come from an address that is on a list."""

import random
from collections.abc import Callable

from ostiary.web.asgi import Header

MOST_HOPS = 50
# What proxies, CDNs and frameworks believe, and Ostiary does not.
OTHER_NAMES = (
    b"forwarded",
    b"x-real-ip",
    b"x-client-ip",
    b"x-cluster-client-ip",
    b"true-client-ip",
    b"cf-connecting-ip",
    b"fastly-client-ip",
    b"x-original-forwarded-for",
    b"x-forwarded",
    b"forwarded-for",
    b"x-forwarded-host",
    b"via",
    b"client-ip",
    b"x-remote-addr",
    b"x_forwarded_for",
)

Spelling = Callable[[str], str]


def _octets(address: str, form: str) -> str:
    return ".".join(format(int(octet), form) for octet in address.split("."))


def _number(address: str) -> int:
    return int.from_bytes(bytes(int(octet) for octet in address.split(".")), "big")


SPELLINGS: tuple[Spelling, ...] = (
    str,
    lambda address: f" {address}",
    lambda address: f"\t{address} ",
    lambda address: f"::ffff:{address}",
    lambda address: f"::FFFF:{_number(address) >> 16:x}:{_number(address) & 0xFFFF:x}",
    lambda address: f"[::ffff:{address}]",
    lambda address: f"[::ffff:{address}]:443",
    lambda address: f"{address}:443",
    lambda address: f"{address}/32",
    lambda address: f"{address}%eth0",
    lambda address: f'"{address}"',
    lambda address: f"for={address}",
    lambda address: f'for="{address}";proto=https',
    lambda address: _octets(address, "#o").replace("0o", "0"),
    lambda address: _octets(address, "#x"),
    lambda address: _octets(address, "03d"),
    lambda address: str(_number(address)),
    lambda address: hex(_number(address)),
    lambda address: address.rpartition(".")[0],
    lambda address: f"{address}.",
    lambda address: f"{address}\x00",
    lambda address: f"{address};",
    lambda address: f"{address}\xa0",
    lambda address: address.translate({ord(str(digit)): 0xB2 + digit % 2 for digit in (2, 3)}),
    lambda address: f"unknown, {address}",
    lambda address: f"{address},",
    lambda address: f",,{address}",
    lambda address: f"_hidden, {address}, _hidden",
)


def hops(address: str, chance: random.Random) -> str:
    """A list in which the address appears in some spelling, between others that proxies could have added."""
    others = [f"198.51.100.{chance.randrange(256)}", "unknown", "", "10.0.0.9", "2001:db8::7", "127.0.0.1"]
    found = [chance.choice(others) for _ in range(chance.choice((0, 1, 2, 5, MOST_HOPS - 1)))]
    found.insert(chance.randint(0, len(found)), chance.choice(SPELLINGS)(address))
    return chance.choice((", ", ",", " ,\t")).join(found)


def headers(address: str, chance: random.Random) -> list[Header]:
    """One to four of them, the usual one among them most of the time."""
    names = [b"x-forwarded-for"] * chance.choice((0, 1, 1, 1, 2, 3))
    names += chance.sample(OTHER_NAMES, chance.choice((0, 0, 1, 3)))
    chance.shuffle(names)
    return [(name, hops(address, chance).encode("latin-1")) for name in names or [b"x-forwarded-for"]]
