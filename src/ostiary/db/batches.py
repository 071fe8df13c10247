"""Many rows as one value: the database unpacks them itself, which costs this process almost nothing."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

Columns = Mapping[str, sa.String | sa.Integer]


def unpacked(
    rows: Iterable[tuple[str | int, ...]], columns: Columns, *, is_sqlite: bool
) -> sa.Select[*tuple[Any, ...]]:
    """A SELECT of `rows`, which travel as one JSON text."""
    batch = sa.literal(json.dumps(list(rows)), sa.String)
    each = sa.func.json_each(batch) if is_sqlite else sa.func.json_array_elements(sa.cast(batch, sa.JSON))
    row = each.table_valued("value").c.value
    fields = (sa.cast(row.op("->>")(place), type_).label(name) for place, (name, type_) in enumerate(columns.items()))
    # WHERE, because SQLite would take the ON of ON CONFLICT for a join's.
    return sa.select(*fields).where(sa.true())
