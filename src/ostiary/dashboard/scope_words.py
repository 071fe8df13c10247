"""Scopes in words, for people who are asked to give them away."""

from collections.abc import Iterable
from typing import NamedTuple

ACTS = {"read": "read", "write": "change", "execute": "create, delete and start", "pii:read": "read personal data of"}
# Where the name of the resource is not what people call it.
THINGS = {
    "bank_applications": "keys of banks",
    "organization_applications": "keys of the organization",
    "organizations": "the organization",
    "users": "people of the team",
}


class Group(NamedTuple):
    """A kind of thing, and what may be done with it."""

    thing: str
    acts: str
    # Whether more than looking is allowed.
    is_powerful: bool


def grouped(scopes: Iterable[str]) -> list[Group]:
    """What changes something comes first."""
    found: dict[str, list[str]] = {}
    for name in sorted(scopes, key=_place):
        thing, _, act = name.partition(":")
        found.setdefault(thing, []).append(act)
    groups = [
        Group(_named(thing), ", ".join(ACTS[act] for act in acts), not {"read", "pii:read"}.issuperset(acts))
        for thing, acts in found.items()
    ]
    return sorted(groups, key=lambda each: not each.is_powerful)


def _named(thing: str) -> str:
    words = THINGS.get(thing, thing.replace("_", " "))
    return words[0].upper() + words[1:]


def _place(name: str) -> tuple[str, int]:
    thing, _, act = name.partition(":")
    return thing, list(ACTS).index(act)
