"""The table of banks."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ostiary.db.model import Guid, Model, Name, Names, Recorded


class BankType(StrEnum):
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class BankFeature(StrEnum):
    ATTESTATION_IDENTITY_RECORDS = "attestation_identity_records"
    ATTESTATION_IDENTITY_RECORDS_V2 = "attestation_identity_records_v2"
    ATTESTATION_IDENTITY_RECORDS_V3 = "attestation_identity_records_v3"
    KYC_IDENTITY_VERIFICATIONS = "kyc_identity_verifications"
    BUSINESS_CUSTOMERS = "business_customers"
    INDIVIDUAL_CUSTOMERS = "individual_customers"


class Bank(Recorded, Model):
    __tablename__ = "banks"

    organization_guid: Mapped[Guid] = mapped_column(ForeignKey("organizations.guid"))
    name: Mapped[Name]
    type: Mapped[str] = mapped_column(String(16))
    features: Mapped[Names]
    supported_country_codes: Mapped[Names]
    supported_fiat_account_assets: Mapped[Names]
    supported_trading_symbols: Mapped[Names]
    cors_allowed_origins: Mapped[Names]
    # A closed bank's keys and tokens are refused.
    closed_at: Mapped[dt.datetime | None]
    # Of the form that made it, so that a form that arrives twice makes one bank.
    form_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint("type IN ('sandbox', 'production')", name="type"),
        Index(None, "organization_guid", "created_at", "guid"),
        Index(None, "form_digest", unique=True),
        # What customers refer to.
        Index(None, "guid", "organization_guid", unique=True),
        # All that a look-up of the fast lane reads, as of secrets.
        Index(None, "guid", "type", "closed_at", unique=True),
    )

    @property
    def is_production(self) -> bool:
        return self.type == BankType.PRODUCTION

    @property
    def verifies_identities(self) -> bool:
        """Whether the platform checks who customers are; otherwise the partner attests to it."""
        return BankFeature.KYC_IDENTITY_VERIFICATIONS in self.features

    def serves(self, customer_type: str) -> bool:
        return f"{customer_type}_customers" in self.features
