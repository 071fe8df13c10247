"""Acme's people, and a program in which one of them signs in."""

from tests.signed_in import cast, program

__all__ = ["cast", "program"]
