"""Logs: one event is one line on standard error, for people or for programs."""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import Processor


def configure(level: str = "warning", form: str = "console") -> None:
    """Send our events and the libraries' through the same lines."""
    shared: Sequence[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if form == "json":
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Libraries at debug level would print statements with their values.
    for name in ("sqlalchemy", "psycopg", "alembic", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of whatever callers send as their trace, word for word.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
