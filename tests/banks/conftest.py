"""Acme with its people, at the pages of banks."""

from tests.signed_in import alice, bob, cast, dana

__all__ = ["alice", "bob", "cast", "dana"]
