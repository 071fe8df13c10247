"""Scopes in words, for people who are asked to give them away."""

from collections.abc import Iterable
from typing import NamedTuple

# By the last part of a scope, the most powerful first.
ACTS = {
    "execute": "Create, delete and start",
    "write": "Change",
    "pii:read": "Read personal data of",
    "read": "Read",
}
# Where the name of the resource is not what people call it.
THINGS = {
    "bank_applications": "keys of banks",
    "organization_applications": "keys of the organization",
    "organizations": "the organization",
    "users": "people of the team",
}


class Group(NamedTuple):
    """What may be done, and with which things."""

    act: str
    things: list[str]


def grouped(scopes: Iterable[str]) -> list[Group]:
    found: dict[str, list[str]] = {act: [] for act in ACTS}
    for name in sorted(scopes):
        thing, _, act = name.partition(":")
        found[act].append(THINGS.get(thing, thing.replace("_", " ")))
    return [Group(ACTS[act], things) for act, things in found.items() if things]
