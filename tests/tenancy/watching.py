"""What a walk cannot see in answers: which rows were read and which tables were written."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from ostiary.db.model import Model
from ostiary.db.store import Store
from tests.tenancy.state import STATEMENTS, Place

WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)")


@dataclass
class Watch:
    # Rows that became objects, and so could have decided something, since the last look.
    read: set[Place] = field(default_factory=set)
    # Reading the others again would find what was there before.
    written: set[str] = field(default_factory=set)

    def note_reading(self, target: Model, *_: object) -> None:
        key = sa.inspect(target).identity
        self.read.add((target.__tablename__, tuple(key or ())))

    def note_statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.written |= STATEMENTS.keys() & set(WRITES.findall(statement))

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """What happens meanwhile is not noted."""
        read, written = set(self.read), set(self.written)
        yield
        self.read, self.written = read, written

    def taken(self) -> tuple[set[Place], set[str]]:
        taken = self.read, self.written
        self.read, self.written = set(), set()
        return taken


@contextmanager
def watching(store: Store) -> Iterator[Watch]:
    watch = Watch()
    for occasion in ("load", "refresh"):
        sa.event.listen(Model, occasion, watch.note_reading, propagate=True)
    sa.event.listen(store.engine, "before_cursor_execute", watch.note_statement)
    yield watch
    sa.event.remove(store.engine, "before_cursor_execute", watch.note_statement)
    for occasion in ("load", "refresh"):
        sa.event.remove(Model, occasion, watch.note_reading)
