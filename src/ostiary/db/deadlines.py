"""No unit of work waits for PostgreSQL without end: a server that is paused, or behind a dead link, never says no.

The kernel of a paused machine goes on confirming what is sent to it, so no time-out of TCP would notice.
"""

import contextlib
import os
import socket
import time
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.pool import ConnectionPoolEntry

# Longer than anything that people wait for takes, shorter than what they would wait for.
UNIT_SECONDS = 15.0

log = structlog.get_logger(__name__)


class Deadlines:
    """Of the connections of one engine; whoever keeps the process going calls `end_late` about once a second."""

    def __init__(self, engine: sa.Engine) -> None:
        # When each of those that are at work was taken.
        self._taken: dict[Any, float] = {}
        sa.event.listen(engine, "checkout", self._begin)
        sa.event.listen(engine, "checkin", self._end)
        sa.event.listen(engine, "close", self._end)

    def end_late(self) -> None:
        """Cut the connection of every unit of work that takes too long: whoever waits for it hears StoreUnavailable."""
        now = time.monotonic()
        for connection, since in list(self._taken.items()):
            if now - since > UNIT_SECONDS:
                log.error("database_too_slow", seconds=round(now - since))
                self._taken.pop(connection, None)
                cut(connection)

    def _begin(self, connection: Any, _record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - psycopg's
        self._taken[connection] = time.monotonic()

    def _end(self, connection: Any, _record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - psycopg's own
        self._taken.pop(connection, None)


def cut(connection: Any) -> None:  # noqa: ANN401 - psycopg's own
    """End it from this side, whatever it waits for: whoever reads from it finds that it is over."""
    # It may be closed meanwhile, by whom it belongs to; what is shut here is a name of our own for the same socket.
    with contextlib.suppress(OSError, connection.Error), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
