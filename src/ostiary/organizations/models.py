"""The table of organizations."""

import datetime as dt

from sqlalchemy.orm import Mapped

from ostiary.db.model import Model, Name, Recorded


class Organization(Recorded, Model):
    __tablename__ = "organizations"

    name: Mapped[Name]
    # A closed organization's keys and tokens are refused.
    closed_at: Mapped[dt.datetime | None]
