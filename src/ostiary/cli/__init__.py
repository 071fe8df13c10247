"""The command line: serves, and does on the server's own database what people do with keys and banks."""

import sys

# A server stands for months and shows no tables: what makes the other commands pleasant takes ten megabytes.
if sys.argv[1:] == ["serve"]:
    # Without this structlog would load it, for tracebacks in colours.
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to say that there is no such module
    from ostiary.cli.serving import main
else:
    from ostiary.cli.program import main

__all__ = ["main"]
