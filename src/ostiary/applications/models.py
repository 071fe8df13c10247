"""Tables of applications, their secrets and their use."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ostiary.access.scopes import BANK_KEY, ORGANIZATION_KEY, Scope
from ostiary.db.model import Guid, Model, Name, Recorded


class ApplicationKind(StrEnum):
    """An organization key or a bank key; the kind fixes the scopes."""

    ORGANIZATION = "organization"
    BANK = "bank"

    @property
    def scopes(self) -> frozenset[Scope]:
        return BANK_KEY if self is ApplicationKind.BANK else ORGANIZATION_KEY

    # Listing needs the parent's scope, everything else the application's own (wire contract §2.1).
    @property
    def lists(self) -> Scope:
        return Scope.BANKS_READ if self is ApplicationKind.BANK else Scope.ORGANIZATIONS_READ

    @property
    def reads(self) -> Scope:
        return Scope(f"{self}_applications:read")

    @property
    def writes(self) -> Scope:
        return Scope(f"{self}_applications:write")

    @property
    def executes(self) -> Scope:
        return Scope(f"{self}_applications:execute")


# When people should begin to think of a successor.
SOON = dt.timedelta(days=14)


class ApplicationStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Application(Recorded, Model):
    __tablename__ = "applications"

    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    organization_guid: Mapped[Guid] = mapped_column(ForeignKey("organizations.guid"))
    bank_guid: Mapped[Guid | None] = mapped_column(ForeignKey("banks.guid"))
    name: Mapped[Name]
    # Canonical CIDRs with blanks between: both drivers hand the fast lane the same text. Empty: from anywhere.
    ip_allowlist_text: Mapped[str] = mapped_column("ip_allowlist", Text, default="")
    expires_at: Mapped[dt.datetime]
    paused_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    last_used_from: Mapped[str | None] = mapped_column(String(45))
    # While it is set, every address that uses the key is written down.
    observed_since: Mapped[dt.datetime | None]
    # The list that what is seen is compared with, as in `ip_allowlist_text`; empty: the smallest that fits.
    proposed_ip_allowlist_text: Mapped[str | None] = mapped_column("proposed_ip_allowlist", Text)
    # The membership that made it; empty for the operator.
    created_by: Mapped[Guid] = mapped_column(default="")
    # Of the form that made it: sent twice, it makes one key all the same.
    form_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # The key whose place this one takes. No foreign key: SQLite could only add one by making the table anew.
    replaces_guid: Mapped[Guid | None]

    __table_args__ = (
        # All that the fast lane reads, as below. PostgreSQL could not keep a long list of addresses in an index.
        Index(
            "ix_applications_presented",
            "client_id",
            "kind",
            "guid",
            "ip_allowlist",
            "observed_since",
            "expires_at",
            "paused_at",
            "revoked_at",
            "organization_guid",
            "bank_guid",
            info={"only_on": "sqlite"},
        ),
        CheckConstraint("(kind = 'bank') = (bank_guid IS NOT NULL)", name="bank"),
        CheckConstraint("kind IN ('organization', 'bank')", name="kind"),
        Index(None, "organization_guid", "created_at", "guid"),
        Index(None, "bank_guid", "created_at", "guid"),
        Index(None, "organization_guid", "expires_at"),
        Index(None, "replaces_guid"),
        Index(None, "form_digest", unique=True),
    )

    @property
    def ip_allowlist(self) -> list[str]:
        return self.ip_allowlist_text.split()

    @property
    def proposed_ip_allowlist(self) -> list[str]:
        return (self.proposed_ip_allowlist_text or "").split()

    def status_at(self, moment: dt.datetime) -> ApplicationStatus:
        """What a person should read: the strongest reason why the key does not work comes first."""
        if self.revoked_at is not None:
            return ApplicationStatus.REVOKED
        if self.expires_at <= moment:
            return ApplicationStatus.EXPIRED
        return ApplicationStatus.PAUSED if self.paused_at is not None else ApplicationStatus.ACTIVE

    def is_ending_at(self, moment: dt.datetime) -> bool:
        """Whether it works and will soon expire."""
        return self.status_at(moment) is ApplicationStatus.ACTIVE and self.expires_at <= moment + SOON


class ApplicationSecret(Model):
    """One of the secrets an application may present."""

    __tablename__ = "application_secrets"

    guid: Mapped[Guid] = mapped_column(primary_key=True)
    application_guid: Mapped[Guid] = mapped_column(ForeignKey("applications.guid"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scheme: Mapped[int]
    pepper_version: Mapped[int]
    created_at: Mapped[dt.datetime]
    # Set when a secret is to stop before its application does.
    expires_at: Mapped[dt.datetime | None]

    __table_args__ = (
        # All that the fast lane reads: among a million keys, each further page is one that nobody else needs.
        Index(
            "ix_application_secrets_presented",
            "application_guid",
            "digest",
            "scheme",
            "pepper_version",
            "expires_at",
        ),
    )


# In place of an address: all that came after the first thousand together.
OTHERS = "*"
# In place of an address: what a request came from was not to be known, and no list would let it in.
UNKNOWN = ""


class SeenAddress(Model):
    """How often, and when, an observed key was used from an address."""

    __tablename__ = "seen_addresses"

    application_guid: Mapped[Guid] = mapped_column(ForeignKey("applications.guid"), primary_key=True)
    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    first_seen_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    count: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "last_seen_at"),)


class ApplicationUsage(Model):
    """How often something happened with a key in one hour. Callers nobody knows are counted under an empty guid."""

    __tablename__ = "application_usage"

    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    # No foreign key: the empty guid names no application.
    application_guid: Mapped[Guid] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "application_guid", "hour"),)


# In place of a bank: all keys of the organization together.
EVERYWHERE = "*"


class OrganizationUsage(Model):
    """The same, summed over the keys of a bank, over an organization's own keys under an empty guid, and over all."""

    __tablename__ = "organization_usage"

    organization_guid: Mapped[Guid] = mapped_column(primary_key=True)
    bank_guid: Mapped[Guid] = mapped_column(primary_key=True)
    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "hour"),)
