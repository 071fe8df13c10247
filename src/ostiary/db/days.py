"""Which day in UTC a stored moment belongs to, as something to group by."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute, Session


def day_of(db: Session, moment: InstrumentedAttribute[dt.datetime]) -> ColumnElement[Any]:
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    return _on_sqlite(moment) if is_sqlite else _on_postgresql(moment)


def _on_sqlite(moment: InstrumentedAttribute[dt.datetime]) -> ColumnElement[Any]:
    # It keeps moments as text in UTC.
    return func.substr(moment, 1, len("2026-11-24"))


def _on_postgresql(moment: InstrumentedAttribute[dt.datetime]) -> ColumnElement[Any]:
    return func.date(func.timezone("UTC", moment))
