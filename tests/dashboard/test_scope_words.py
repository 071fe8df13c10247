"""Every scope has words, and the most powerful come first."""

from ostiary.access.scopes import Scope
from ostiary.dashboard.scope_words import grouped


def test_has_words_for_every_scope() -> None:
    said = grouped(Scope)
    assert sum(len(group.things) for group in said) == len(Scope)
    assert all("_" not in thing and ":" not in thing for group in said for thing in group.things)


def test_begins_with_what_changes_most() -> None:
    said = grouped(["users:read", "customers:pii:read", "banks:write", "bank_applications:execute"])
    assert [(group.act, group.things) for group in said] == [
        ("Create, delete and start", ["keys of banks"]),
        ("Change", ["banks"]),
        ("Read personal data of", ["customers"]),
        ("Read", ["people of the team"]),
    ]
