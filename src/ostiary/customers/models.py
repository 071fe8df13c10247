"""Tables of customers and the labels their bank gave them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ostiary.db.model import Guid, Model, Recorded


class CustomerType(StrEnum):
    INDIVIDUAL = "individual"
    BUSINESS = "business"


class CustomerState(StrEnum):
    STORING = "storing"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REJECTED = "rejected"
    FROZEN = "frozen"


class Customer(Recorded, Model):
    __tablename__ = "customers"

    bank_guid: Mapped[Guid]
    # Its bank's: otherwise the newest customers of all banks would be found by sorting every one of them.
    organization_guid: Mapped[Guid]
    type: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default=CustomerState.STORING)
    # JSON of personal.PersonalData under the master key, bound to this row.
    personal_data_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    labels: Mapped[list["CustomerLabel"]] = relationship(lazy="raise", order_by="CustomerLabel.position")

    __table_args__ = (
        CheckConstraint("type IN ('individual', 'business')", name="type"),
        CheckConstraint("state IN ('storing', 'unverified', 'verified', 'rejected', 'frozen')", name="state"),
        ForeignKeyConstraint(["bank_guid", "organization_guid"], ["banks.guid", "banks.organization_guid"]),
        # With the type at their end, rows of another type are passed over without being read.
        Index(None, "bank_guid", "created_at", "guid", "type"),
        Index(None, "organization_guid", "created_at", "guid", "type"),
    )


class CustomerLabel(Model):
    __tablename__ = "customer_labels"

    customer_guid: Mapped[Guid] = mapped_column(ForeignKey("customers.guid"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index(None, "label"),)
