"""The cast of the keys' pages."""

from tests.applications.browsers import alice, bob, cast, dana, mallory

__all__ = ["alice", "bob", "cast", "dana", "mallory"]
