"""Tables of the protocol: signing keys, and tokens revoked one by one."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ostiary import clock
from ostiary.db.model import Facts, Guid, Model


class SigningKey(Model):
    """A key that signs access tokens; it stays published until the last token it signed has expired."""

    __tablename__ = "signing_keys"

    # RFC 7638 thumbprint of the public half.
    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    public_jwk: Mapped[Facts]
    # PKCS #8 under the master key, bound to the kid.
    private_key_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    # From here on its tokens are refused.
    retired_at: Mapped[dt.datetime | None]

    @property
    def published(self) -> dict[str, Any]:
        return {**self.public_jwk, "kid": self.kid, "use": "sig", "alg": "ES256"}


class Revocation(Model):
    """One token that was revoked before it expired; the row goes when the token would have."""

    __tablename__ = "revocations"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    application_guid: Mapped[Guid] = mapped_column(ForeignKey("applications.guid"))
    revoked_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]

    __table_args__ = (Index(None, "application_guid"), Index(None, "expires_at"))
