"""Tables of people and their memberships."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ostiary import clock
from ostiary.db.model import Guid, Model, Name, Recorded


class Role(StrEnum):
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class User(Recorded, Model):
    __tablename__ = "users"

    # Folded, so that two spellings of one address are one person.
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(255))
    disabled_at: Mapped[dt.datetime | None]


class Membership(Model):
    """A person in an organization, with a role."""

    __tablename__ = "memberships"

    organization_guid: Mapped[Guid] = mapped_column(ForeignKey("organizations.guid"), primary_key=True)
    user_guid: Mapped[Guid] = mapped_column(ForeignKey("users.guid"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        CheckConstraint("role IN ('owner', 'administrator', 'developer', 'viewer')", name="role"),
        Index(None, "user_guid"),
    )
