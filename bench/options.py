"""What can be asked of `python -m bench`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

FEW_KEYS = 1_000
MANY_KEYS = 1_000_000
SCENARIOS = {
    "short": ("token", "bearer"),
    "token": ("token",),
    "bearer": ("bearer",),
    "keys": ("keys",),
    "pages": ("pages",),
    "peers": ("peers",),
    "stores": ("stores",),
    "workers": ("workers",),
    "endure": ("endure",),
    "all": ("token", "bearer", "keys"),
}
PEERS = ("oidc-provider", "authlib", "django-oauth-toolkit", "glewlwyd")


@dataclass(frozen=True)
class Options:
    scenarios: tuple[str, ...] = ("token", "bearer")
    seconds: int = 5
    rounds: int = 5
    minutes: int = 10
    connections: int = 64
    open_connections: int = 64
    keys: int | None = None
    active: int = 10_000
    database: str = "sqlite"
    without: tuple[str, ...] = ()
    json: bool = False

    @property
    def few_keys(self) -> int:
        """In the database of every run but those that are about their number."""
        return self.keys or FEW_KEYS

    @property
    def many_keys(self) -> int:
        """In the largest database of the keys and stores runs."""
        return self.keys or MANY_KEYS


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Ostiary beside a bare uvicorn on one core, in one run, and writes bench/results/.",
        epilog="short = token and bearer; keys compares 1,000 keys with many; all = these; pages = the dashboard; "
        "peers = beside other token servers; stores = each database and 1,000 to 1,000,000 keys; "
        "workers = 1 to 4 processes; "
        "endure = minutes at 70 %% of peak while keys are revoked and workers replaced.",
    )
    add, default = arguments.add_argument, Options()
    add("scenario", nargs="?", choices=sorted(SCENARIOS), default="short", help="what to measure (default: short)")
    add("--seconds", type=at_least_one, default=default.seconds, help="per measurement (default: %(default)s)")
    add("--rounds", type=at_least_one, default=default.rounds, help="A B A B … (default: %(default)s)")
    add("--minutes", type=at_least_one, default=default.minutes, help="of the endure run (default: %(default)s)")
    add("--connections", type=at_least_one, default=default.connections, help="at peak load (default: %(default)s)")
    add(
        "--open-connections",
        type=at_least_one,
        default=default.open_connections,
        help="open loop (default: %(default)s)",
    )
    add("--keys", type=at_least_one, help=f"in the database (default: {FEW_KEYS}; keys, stores: up to {MANY_KEYS})")
    add(
        "--active",
        type=at_least_one,
        default=default.active,
        help="keys that ask (default: %(default)s, or all there are)",
    )
    add("--database", default=default.database, help="sqlite (default), or the postgresql:// URL of a server")
    add("--without", action="append", default=[], choices=PEERS, help="a peer to leave out; may be repeated")
    add("--json", action="store_true", help="print JSON instead of the tables")
    return arguments


def parse(arguments: Sequence[str] | None = None) -> Options:
    given = vars(parser().parse_args(arguments))
    scenarios, without = SCENARIOS[given.pop("scenario")], tuple(given.pop("without"))
    return Options(scenarios=scenarios, without=without, **given)
