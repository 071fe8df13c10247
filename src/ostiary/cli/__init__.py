"""The command line: serves, and does on the server's own database what people do with keys and banks."""

from ostiary.cli.program import main

__all__ = ["main"]
