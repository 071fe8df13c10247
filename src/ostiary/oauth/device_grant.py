"""A program asks whether its code was approved: RFC 8628 §3.4 and §3.5."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.oauth import presented, queries, refresh_grant
from ostiary.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
    SlowDown,
)
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.presented import Digests
from ostiary.oauth.refresh_grant import Renewed
from ostiary.users import logins
from ostiary.users.models import Login

SLOWER_SECONDS = 5


def redeem(db: Session, digests: Digests, device_code: str, address: str, life: dt.timedelta) -> Renewed | OAuthError:
    """The login's first refresh token, or what to answer instead; raises InvalidGrant for what is no code."""
    code = find(db, digests, device_code, is_to_change=True)
    now = clock.now()
    if code.used_at is not None:
        return _used_again(db, code, address)
    if code.denied_at is not None:
        return AccessDenied("The request was denied")
    if code.expires_at <= now:
        return ExpiredToken("The device code has expired: begin anew")
    if code.login_guid is None:
        return _not_yet(code, now)
    return _redeemed(db, digests, code, now, life)


def find(db: Session, digests: Digests, device_code: str, *, is_to_change: bool = False) -> DeviceCode:
    """Raises InvalidGrant."""
    is_code = presented.is_well_formed(presented.DEVICE_CODE, device_code)
    code = queries.by_device_digest(db, digests.of(device_code), is_to_change=is_to_change) if is_code else None
    if code is None:
        raise InvalidGrant("This device code is unknown, or was forgotten long after it expired")
    return code


def _not_yet(code: DeviceCode, now: dt.datetime) -> OAuthError:
    """RFC 8628 §3.5: whoever asks too soon waits five seconds longer, this time and every time after it."""
    last, code.last_polled_at = code.last_polled_at, now
    if last is not None and (now - last).total_seconds() < code.interval_seconds:
        code.interval_seconds += SLOWER_SECONDS
        return SlowDown(f"Ask every {code.interval_seconds} seconds")
    return AuthorizationPending("Nobody has approved or denied it yet: ask again later")


def _redeemed(
    db: Session, digests: Digests, code: DeviceCode, now: dt.datetime, life: dt.timedelta
) -> Renewed | OAuthError:
    mine = Login.guid == code.login_guid
    lives = db.execute(sa.update(Login).where(mine).values(expires_at=now + life, last_used_at=now))
    if lives.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's answer has it
        return AccessDenied("The login was ended before it began")
    code.used_at = now
    return Renewed(code.login_guid or "", refresh_grant.add(db, digests, code.login_guid or "", now), now)


def _used_again(db: Session, code: DeviceCode, address: str) -> OAuthError:
    """As for authorization codes (RFC 6749 §4.1.2): one of the two who have it should not."""
    found = queries.by_login_to_change(db, code.login_guid or "")
    if found is not None:
        logins.end(db, *found, address, presented_twice=True)
    return InvalidGrant("This device code was used already, so the login has ended: sign in again")
