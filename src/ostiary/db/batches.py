"""Many rows as one value: the database unpacks them itself, which costs this process almost nothing."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from ostiary.db.model import Model

Columns = Mapping[str, sa.String | sa.Integer]


def packed(rows: Iterable[tuple[str | int, ...]]) -> str:
    return json.dumps(list(rows))


def unpacked(columns: Columns, *, is_sqlite: bool) -> sa.Select[*tuple[Any, ...]]:
    """A SELECT of the rows that were `packed` into the parameter `rows`."""
    batch = sa.bindparam("rows", type_=sa.String)
    each = sa.func.json_each(batch) if is_sqlite else sa.func.json_array_elements(sa.cast(batch, sa.JSON))
    row = each.table_valued("value").c.value
    fields = (sa.cast(row.op("->>")(place), type_).label(name) for place, (name, type_) in enumerate(columns.items()))
    # WHERE, because SQLite would take the ON of ON CONFLICT for a join's.
    return sa.select(*fields).where(sa.true())


def insert_or_update(table: type[Model], *, is_sqlite: bool) -> Any:  # noqa: ANN401 - two classes with the same methods
    """An INSERT that can be told what becomes of rows already there."""
    # Each dialect has its own, and an SQLite server does not load PostgreSQL's, which takes two megabytes.
    dialect = sys.modules[f"sqlalchemy.dialects.{'sqlite' if is_sqlite else 'postgresql'}"]
    # The table and not its class: parameters are not the row's values, as the ORM would think.
    return dialect.insert(table.__table__)
