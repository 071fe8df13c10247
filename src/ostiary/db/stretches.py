"""A stretch of a long list, the newest rows first: no stretch costs more than another, however deep it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import Session

from ostiary.db.model import Moment, Recorded

R = TypeVar("R", bound=Recorded)


@dataclass(frozen=True)
class Stretch(Generic[R]):
    rows: Sequence[R]
    # The row after which the next stretch begins; empty where there is none.
    older_than: str


def read_stretch(db: Session, rows: Select[R], table: type[R], start: R | None, size: int) -> Stretch[R]:
    """The newest rows, or those that are older than `start`."""
    if start is not None:
        place = tuple_(literal(start.created_at, Moment), start.guid)
        rows = rows.where(tuple_(table.created_at, table.guid) < place)
    found = db.scalars(rows.order_by(table.created_at.desc(), table.guid.desc()).limit(size + 1)).all()
    shown = found[:size]
    return Stretch(shown, shown[-1].guid if len(found) > size else "")
