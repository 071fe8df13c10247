"""The trail as a file for spreadsheets: RFC 4180 in UTF-8, and no cell that a spreadsheet would take for a formula."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.dashboard.activity_lines import Line, lines
from ostiary.db.store import Store
from ostiary.events import service as events
from ostiary.events import words
from ostiary.events.queries import EventFilter, Stretch

MOST_ROWS = 100_000
CHUNK_ROWS = 1_000
# Without it, some spreadsheets read UTF-8 as something else.
BYTE_ORDER_MARK = "\ufeff"
HEAD = ("time", "who", "by", "event", "what", "on", "details", "bank", "address", "actor_guid", "object_guid")

# What begins a formula, also in letters as wide as Chinese ones.
SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
# At the beginning of a cell, or where another separator than ours would begin one.
FORMULA = re.compile(rf"\A(?=[{SIGNS}\t\r\n])|(?<=[;|\t\r\n])(?=[{SIGNS}])")


def rows(store: Store, actor: Actor, wanted: EventFilter, first: Stretch) -> Iterator[str]:
    """The text in pieces. Each is read by itself, so a slow reader holds up nobody; `first` was read at the door."""
    yield BYTE_ORDER_MARK + _text([HEAD])
    stretch, left = first, MOST_ROWS
    while True:
        with store.reading() as db:
            shown = lines(db, actor, stretch.events[:left], most=words.EVERYTHING)
        yield _text([_row(line) for line in shown])
        left -= len(shown)
        if not stretch.older_than or not left:
            return
        with store.reading() as db:
            stretch = events.stretch(db, actor, wanted, CHUNK_ROWS, before=stretch.older_than)


def defused(cell: str) -> str:
    """The cell with an apostrophe before whatever would be a formula."""
    return FORMULA.sub("'", cell)


def _row(line: Line) -> tuple[str, ...]:
    event = line.event
    return (
        clock.on_the_wire(event.created_at),
        line.who.text,
        event.actor_subject,
        event.event_type,
        line.phrase,
        line.what.text if line.what else "",
        "; ".join(line.details),
        line.bank.text if line.bank else "",
        event.address,
        event.actor_guid,
        event.object_guid,
    )


def _text(table: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    # RFC 4180 §2: CRLF ends a row, a quote inside is doubled.
    csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(
        [defused(cell) for cell in row] for row in table
    )
    return file.getvalue()
