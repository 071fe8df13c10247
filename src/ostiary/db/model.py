"""What every table has in common: names of constraints, ids, and moments in UTC."""

import datetime as dt
from functools import lru_cache
from typing import Annotated, Any, cast

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from ostiary import clock
from ostiary.crypto import guids


class Moment(TypeDecorator[dt.datetime]):
    """A time in UTC: SQLite forgets the zone, this puts it back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs its time zone")
        value = value.astimezone(clock.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=clock.UTC) if dialect.name == "sqlite" else value.astimezone(clock.UTC)


@lru_cache(maxsize=8192)
def stored_seconds(value: str | dt.datetime) -> float:
    """A stored moment as the raw drivers give it (text from SQLite), in seconds since 1970."""
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value).replace(tzinfo=clock.UTC).timestamp()
    return value.timestamp()


class Document(TypeDecorator[Any]):
    """JSON; on PostgreSQL JSONB, which need not be parsed again."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # By the dialect's own name for it: to import it would load PostgreSQL's dialect into every SQLite server.
        is_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(cast("Any", dialect).ischema_names["jsonb"]() if is_postgresql else JSON())


Guid = Annotated[str, mapped_column(String(32))]
Name = Annotated[str, mapped_column(String(128))]
Names = Annotated[list[str], mapped_column(Document)]
Facts = Annotated[dict[str, Any], mapped_column(Document)]


class Model(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: Moment}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Recorded:
    """A row with an id, a birthday and a last change."""

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now, onupdate=clock.now)
