"""Every SELECT of the protocol: the two reads of the fast lane, the doctor's, and the signing keys."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.banks.models import Bank
from ostiary.db.fast_reads import Asked
from ostiary.oauth.models import Revocation, SigningKey
from ostiary.organizations.models import Organization


class Standing(NamedTuple):
    """Everything that can say no to a key or a token, as it is in the database at this moment."""

    n: int
    application_guid: str
    kind: str
    ip_allowlist: str
    # Set while each address that uses the key is written down.
    observed_since: Any
    expires_at: Any
    paused_at: Any
    revoked_at: Any
    organization_guid: str
    organization_closed_at: Any
    bank_guid: str | None
    bank_type: str | None
    bank_closed_at: Any
    # The signing key asked about; None when the database has no such key, or it was retired.
    kid: str | None
    # On the token lane one row comes for each secret; on the API lane the revocation of this token, if any.
    digest: bytes | None = None
    scheme: int | None = None
    pepper_version: int | None = None
    secret_expires_at: Any = None
    revoked_jti: str | None = None


BY_CLIENT_ID = ("client_id", "kid")
BY_TOKEN = ("client_id", "kid", "jti")


def by_client_id(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """An application with all its secrets: what endpoints that take a pair have to know."""
    secret = ApplicationSecret
    return _standing(
        asked, secret.digest, secret.scheme, secret.pepper_version, secret.expires_at, sa.null()
    ).outerjoin(secret, secret.application_guid == Application.guid)


def by_token(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """An application, and whether this one token was revoked: what the bearer check has to know."""
    nothing = [sa.null() for _ in range(4)]
    return _standing(asked, *nothing, Revocation.jti).outerjoin(Revocation, Revocation.jti == asked.values["jti"])


def _standing(asked: Asked, *more: Any) -> sa.Select[*tuple[Any, ...]]:  # noqa: ANN401 - columns of any type
    # Not joined: where all ask about the same key, SQLite looks it up once.
    key = sa.select(SigningKey.kid).where(SigningKey.kid == asked.values["kid"], SigningKey.retired_at.is_(None))
    # A raw statement: moments come as the driver gives them, which `stored_seconds` understands.
    return (
        sa.select(
            asked.n,
            Application.guid,
            Application.kind,
            Application.ip_allowlist_text,
            Application.observed_since,
            Application.expires_at,
            Application.paused_at,
            Application.revoked_at,
            Application.organization_guid,
            Organization.closed_at,
            Application.bank_guid,
            Bank.type,
            Bank.closed_at,
            key.scalar_subquery(),
            *more,
        )
        .select_from(asked.beside(Application.__table__))
        .join(Organization, Organization.guid == Application.organization_guid)
        .outerjoin(Bank, Bank.guid == Application.bank_guid)
        .where(Application.client_id == asked.values["client_id"])
    )


def standing_of(db: Session, actor: Actor, client_id: str, kid: str, jti: str) -> Standing | None:
    """What the bearer check would read at this moment, for somebody of the organization whose key it is."""
    words = zip(BY_TOKEN, (client_id, kid, jti), strict=True)
    asked = Asked(sa.literal(0), {name: sa.literal(word, sa.String) for name, word in words})
    mine = by_token(asked).where(Application.organization_guid == actor.organization_guid)
    row = db.execute(mine).first()
    return Standing._make(row) if row else None


def by_age(db: Session) -> list[SigningKey]:
    """Signing keys that still count, the oldest first."""
    usable = sa.select(SigningKey).where(SigningKey.retired_at.is_(None))
    return list(db.scalars(usable.order_by(SigningKey.created_at, SigningKey.kid)))
