"""Table of the requests that carried an Idempotency-Key."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ostiary.db.model import Guid, Model


class IdempotencyKey(Model):
    """What a request has made, for when it comes again. Neither the key nor the request can be read from the row."""

    __tablename__ = "idempotency_keys"

    # Keyed: of the caller and the header's value, and of the operation, the bank and the body.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    organization_guid: Mapped[Guid] = mapped_column(ForeignKey("organizations.guid"))
    # Of any kind, so no foreign key.
    made_guid: Mapped[Guid]
    # Until then the answer may be on its way, and a repeat did not wait for it.
    held_until: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]

    __table_args__ = (Index(None, "expires_at"),)
