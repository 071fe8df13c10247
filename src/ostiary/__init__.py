"""Ostiary: the doorkeeper. Key pairs in, short-lived tokens out, one bank per token."""

__version__ = "0.1.0"
