"""Acme with its people, at the organization's settings."""

from tests.signed_in import alice, cast

__all__ = ["alice", "cast"]
