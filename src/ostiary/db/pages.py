"""One page of a long list, and how long the list is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

M = TypeVar("M")


@dataclass(frozen=True)
class Page(Generic[M]):
    total: int
    page: int
    per_page: int
    objects: Sequence[M]


def read_page(db: Session, rows: Select[M], order: Sequence[Any], page: int, per_page: int) -> Page[M]:
    """Count everything, fetch one page of it. `page` counts from 0."""
    total = db.scalar(select(func.count()).select_from(rows.subquery())) or 0
    objects = db.scalars(rows.order_by(*order).offset(page * per_page).limit(per_page)).all()
    return Page(total, page, per_page, objects)
