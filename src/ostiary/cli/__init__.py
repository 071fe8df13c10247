"""The command line: serves, and does on the server's own database what people do with keys and banks."""

import gc
import sys

# What is loaded stays: to look through it for circles again and again would take a seventh of every start.
gc.disable()
# A server stands for months and shows no tables: what makes the other commands pleasant takes ten megabytes.
if sys.argv[1:] == ["serve"]:
    # What libraries take along where they find it, though nobody asks: for tracebacks in colours, for models of
    # Pydantic 1, for SQLAlchemy's asyncio. To put None in its place is Python's own way to say that there is none.
    for unasked in ("rich", "pydantic.v1", "greenlet"):
        sys.modules[unasked] = None  # type: ignore[assignment]
    from ostiary.cli.serving import main
else:
    from ostiary.cli.program import main
gc.enable()

__all__ = ["main"]
