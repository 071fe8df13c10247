"""Tables of the protocol: signing keys, tokens revoked one by one, and what leads to a login or keeps it."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ostiary import clock
from ostiary.crypto import guids
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


class DeviceCode(Model):
    """What a program shows around until its person has decided: RFC 8628. The row goes a while after it expired."""

    __tablename__ = "device_codes"

    guid: Mapped[Guid] = mapped_column(primary_key=True, default=guids.new)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    # Keyed, because eight letters could be guessed from a plain one.
    user_code_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    # As the program asked: nobody has looked at it yet. Without a scope, all that the person holds.
    scope: Mapped[str | None] = mapped_column(Text)
    bank_guid: Mapped[Guid | None]
    # The address, or of IPv6 its /64: whoever has one has all of them.
    source: Mapped[str] = mapped_column(String(49))
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]
    # What came of it. No foreign key: the login may end before the program asks again, which then hears so.
    login_guid: Mapped[Guid | None]
    denied_at: Mapped[dt.datetime | None]
    # When the program got its tokens.
    used_at: Mapped[dt.datetime | None]

    __table_args__ = (Index(None, "source"), Index(None, "expires_at"))

    @property
    def is_decided(self) -> bool:
        return self.login_guid is not None or self.denied_at is not None


class RefreshToken(Model):
    """What a login stays alive by. Used ones stay for as long as they could have been used, to be recognised."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    # A login ends together with all that it has.
    login_guid: Mapped[Guid] = mapped_column(ForeignKey("logins.guid", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    used_at: Mapped[dt.datetime | None]

    __table_args__ = (Index(None, "login_guid"), Index(None, "created_at"))
