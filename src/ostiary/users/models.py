"""Tables of people, their memberships, their sessions and logins, and the links that let them in once."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ostiary import clock
from ostiary.crypto import guids
from ostiary.db.model import Guid, Model, Name, Recorded

EMAIL_LETTERS = 254


class Role(StrEnum):
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class User(Recorded, Model):
    """A person who can sign in. Organizations know them by their memberships, never by this row's guid."""

    __tablename__ = "users"

    # Folded, so that two spellings of one address are one person.
    email: Mapped[str] = mapped_column(String(EMAIL_LETTERS), unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(255))
    disabled_at: Mapped[dt.datetime | None]


class Membership(Recorded, Model):
    """A person in an organization, with a role; without a user as long as the invitation was not accepted."""

    __tablename__ = "memberships"

    organization_guid: Mapped[Guid] = mapped_column(ForeignKey("organizations.guid"))
    email: Mapped[str] = mapped_column(String(EMAIL_LETTERS))
    role: Mapped[str] = mapped_column(String(16))
    user_guid: Mapped[Guid | None] = mapped_column(ForeignKey("users.guid"))
    # The membership that invited; empty for the operator, and for who founded the organization.
    invited_by: Mapped[Guid] = mapped_column(default="")
    disabled_at: Mapped[dt.datetime | None]
    user: Mapped[User | None] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("role IN ('owner', 'administrator', 'developer', 'viewer')", name="role"),
        UniqueConstraint("organization_guid", "email"),
        UniqueConstraint("organization_guid", "user_guid"),
        Index(None, "user_guid"),
    )

    @property
    def is_accepted(self) -> bool:
        return self.user_guid is not None

    @property
    def is_disabled(self) -> bool:
        """Here, or by the operator everywhere."""
        return self.disabled_at is not None or (self.user is not None and self.user.disabled_at is not None)

    @property
    def standing(self) -> str:
        if self.is_disabled:
            return "disabled"
        return "active" if self.is_accepted else "invited"

    @property
    def shown_name(self) -> str:
        return self.user.name if self.user is not None else self.email


class UserSession(Model):
    """One browser that is signed in. The row goes when the session ends."""

    __tablename__ = "user_sessions"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    user_guid: Mapped[Guid] = mapped_column(ForeignKey("users.guid"))
    # SHA-256 of the cookie's value.
    id_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    # The organization the person is looking at.
    organization_guid: Mapped[Guid | None] = mapped_column(ForeignKey("organizations.guid"))
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]

    __table_args__ = (Index(None, "user_guid"), Index(None, "expires_at"))


class Login(Model):
    """One program in which somebody signed in, such as the command line. The row goes when the login ends."""

    __tablename__ = "logins"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    membership_guid: Mapped[Guid] = mapped_column(ForeignKey("memberships.guid"))
    # What runs in a bank runs in this one.
    bank_guid: Mapped[Guid | None] = mapped_column(ForeignKey("banks.guid"))
    # What was approved; the role still decides what of it is held.
    scope: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_used_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]

    __table_args__ = (Index(None, "membership_guid"), Index(None, "expires_at"))


class LinkPurpose(StrEnum):
    SET_UP = "set_up"
    INVITATION = "invitation"
    NEW_PASSWORD = "new_password"  # noqa: S105 - the word of the purpose


class OneTimeLink(Model):
    """A link that works once and for one purpose. The row goes when it was used."""

    __tablename__ = "one_time_links"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    purpose: Mapped[str] = mapped_column(String(16))
    # SHA-256 of the word in the link.
    word_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    # Whom it lets in: an invited membership, or a person who forgot the password; the set-up link nobody yet.
    membership_guid: Mapped[Guid | None] = mapped_column(ForeignKey("memberships.guid"))
    user_guid: Mapped[Guid | None] = mapped_column(ForeignKey("users.guid"))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]

    __table_args__ = (
        CheckConstraint("purpose IN ('set_up', 'invitation', 'new_password')", name="purpose"),
        Index(None, "membership_guid"),
        Index(None, "user_guid"),
    )
