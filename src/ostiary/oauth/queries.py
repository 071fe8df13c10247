"""Every SELECT of the protocol: the reads of the fast lane, the doctor's, signing keys, codes, refresh tokens."""

import datetime as dt
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.banks.models import Bank
from ostiary.customers.models import Customer
from ostiary.db.fast_reads import Asked
from ostiary.oauth.models import DeviceCode, RefreshToken, Revocation, SigningKey
from ostiary.organizations.models import Organization
from ostiary.users.models import Login, Membership, User


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
    # On the token lane one row comes for each secret.
    digest: bytes | None = None
    scheme: int | None = None
    pepper_version: int | None = None
    secret_expires_at: Any = None
    # On the API lane: since when this one token is revoked, and the customer asked about, if it is this bank's.
    token_revoked_at: Any = None
    customer_guid: str | None = None


class LoginStanding(NamedTuple):
    """Everything that can say no to a person's token, as it is in the database at this moment."""

    n: int
    guid: str
    scope: str
    expires_at: Any
    membership_guid: str
    role: str
    membership_disabled_at: Any
    user_disabled_at: Any
    organization_guid: str
    organization_closed_at: Any
    bank_guid: str | None
    bank_type: str | None
    bank_closed_at: Any
    kid: str | None


BY_CLIENT_ID = ("client_id", "kid")
BY_TOKEN = ("client_id", "kid", "jti", "customer_guid")
BY_LOGIN = ("sid", "kid")
BY_SIGNING_KEY = ("kid",)

# Every kind and type comes after it: compared only so that SQLite takes the index that has all that is asked.
NOTHING = sa.literal_column("''", sa.String)


def by_client_id(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """An application with all its secrets: what endpoints that take a pair have to know."""
    asked = asked.or_neighbour("client_id", Application.client_id)
    secret = ApplicationSecret
    return _standing(
        asked, secret.digest, secret.scheme, secret.pepper_version, secret.expires_at, sa.null(), sa.null()
    ).outerjoin(secret, secret.application_guid == Application.guid)


def by_token(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """An application, whether this one token was revoked, and whether its customer is there: for the bearer check."""
    nothing = [sa.null() for _ in range(4)]
    # No customer has the empty guid, which other tokens ask about.
    customer = sa.select(Customer.guid).where(
        Customer.guid == asked.values["customer_guid"], Customer.bank_guid == Application.bank_guid
    )
    return _standing(asked, *nothing, Revocation.revoked_at, customer.scalar_subquery()).outerjoin(
        Revocation, Revocation.jti == asked.values["jti"]
    )


def _standing(asked: Asked, *more: Any) -> sa.Select[*tuple[Any, ...]]:  # noqa: ANN401 - columns of any type
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
            _signing_key(asked),
            *more,
        )
        .select_from(asked.beside(Application.__table__))
        .join(Organization, Organization.guid == Application.organization_guid)
        .outerjoin(Bank, sa.and_(Bank.guid == Application.bank_guid, Bank.type > NOTHING))
        .where(Application.client_id == asked.values["client_id"], Application.kind > NOTHING)
    )


def by_login(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """A login with its person: what the bearer check has to know of a person's token."""
    return (
        sa.select(
            asked.n,
            Login.guid,
            Login.scope,
            Login.expires_at,
            Membership.guid,
            Membership.role,
            Membership.disabled_at,
            User.disabled_at,
            Membership.organization_guid,
            Organization.closed_at,
            Login.bank_guid,
            Bank.type,
            Bank.closed_at,
            _signing_key(asked),
        )
        .select_from(asked.beside(Login.__table__))
        .join(Membership, Membership.guid == Login.membership_guid)
        .join(User, User.guid == Membership.user_guid)
        .join(Organization, Organization.guid == Membership.organization_guid)
        .outerjoin(Bank, Bank.guid == Login.bank_guid)
        .where(Login.guid == asked.values["sid"])
    )


def by_signing_key(asked: Asked) -> sa.Select[*tuple[Any, ...]]:
    """Whether a signing key counts, and whether the database answers."""
    statement = sa.select(asked.n, _signing_key(asked))
    return statement if asked.relation is None else statement.select_from(asked.relation)


def _signing_key(asked: Asked) -> sa.ScalarSelect[str]:
    # Not joined: where all ask about the same key, SQLite looks it up once.
    key = sa.select(SigningKey.kid).where(SigningKey.kid == asked.values["kid"], SigningKey.retired_at.is_(None))
    return key.scalar_subquery()


def standing_of(
    db: Session, actor: Actor, client_id: str, kid: str = "", jti: str = "", customer_guid: str = ""
) -> Standing | None:
    """What the bearer check would read at this moment, for somebody of the organization whose key it is."""
    words = zip(BY_TOKEN, (client_id, kid, jti, customer_guid), strict=True)
    asked = Asked(sa.literal(0), {name: sa.literal(word, sa.String) for name, word in words})
    mine = by_token(asked).where(Application.organization_guid == actor.organization_guid)
    row = db.execute(mine).first()
    return Standing._make(row) if row else None


def by_login_guid(db: Session, guid: str, kid: str) -> LoginStanding | None:
    """What the bearer check would read of a login at this moment."""
    asked = Asked(sa.literal(0), {"sid": sa.literal(guid, sa.String), "kid": sa.literal(kid, sa.String)})
    row = db.execute(by_login(asked)).first()
    return LoginStanding._make(row) if row else None


def by_kid(db: Session, kid: str) -> str | None:
    """The same, if a signing key of this name still counts."""
    return db.scalar(sa.select(SigningKey.kid).where(SigningKey.kid == kid, SigningKey.retired_at.is_(None)))


def by_device_digest(db: Session, digest: bytes, *, is_to_change: bool) -> DeviceCode | None:
    """To be changed, nobody else answers or redeems it before this unit of work ends."""
    mine = sa.select(DeviceCode).where(DeviceCode.digest == digest)
    # SQLite ignores the lock and does not need it: its one writer is us.
    return db.scalar(mine.with_for_update() if is_to_change else mine)


def by_user_code_digest(db: Session, digest: bytes, now: dt.datetime) -> DeviceCode | None:
    mine = sa.select(DeviceCode).where(DeviceCode.user_code_digest == digest)
    return db.scalar(mine.where(DeviceCode.expires_at > now, DeviceCode.used_at.is_(None)))


def by_source(db: Session, now: dt.datetime) -> dict[str, int]:
    """How many codes wait for somebody, of each source that has any."""
    counted = sa.select(DeviceCode.source, sa.func.count()).where(_waits(now)).group_by(DeviceCode.source)
    return {row[0]: row[1] for row in db.execute(counted)}


def by_source_the_oldest(db: Session, source: str, now: dt.datetime) -> DeviceCode | None:
    """Of those of a source that wait for somebody; until the unit of work ends, nobody answers it."""
    mine = sa.select(DeviceCode).where(_waits(now), DeviceCode.source == source)
    return db.scalar(mine.order_by(DeviceCode.created_at, DeviceCode.guid).limit(1).with_for_update())


def _waits(now: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(DeviceCode.expires_at > now, DeviceCode.login_guid.is_(None), DeviceCode.denied_at.is_(None))


def by_refresh_digest(db: Session, digest: bytes) -> RefreshToken | None:
    mine = sa.select(RefreshToken).where(RefreshToken.digest == digest)
    # What was read before a lock may be stale.
    return db.scalar(mine.execution_options(populate_existing=True))


def by_login_to_change(db: Session, guid: str) -> tuple[Login, Membership] | None:
    """A login with its person's membership; nobody else changes it before this unit of work ends."""
    both = sa.select(Login, Membership).join(Membership, Membership.guid == Login.membership_guid)
    row = db.execute(both.where(Login.guid == guid).with_for_update(of=Login)).first()
    return (row[0], row[1]) if row else None


def by_age(db: Session) -> list[SigningKey]:
    """Signing keys that still count, the oldest first."""
    usable = sa.select(SigningKey).where(SigningKey.retired_at.is_(None))
    return list(db.scalars(usable.order_by(SigningKey.created_at, SigningKey.kid)))
