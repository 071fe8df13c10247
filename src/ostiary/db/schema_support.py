"""Which releases can work with the database as it is: what lets nodes be brought up to date one by one."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ostiary.db.model import Model


class SchemaSupport(Model):
    """One row. A migration that takes something away changes it to the first revision that does without that."""

    __tablename__ = "schema_support"

    oldest_revision: Mapped[str] = mapped_column(String(32), primary_key=True)
