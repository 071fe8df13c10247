"""A program asks whether its code was approved: RFC 8628 §3.4 and §3.5."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.oauth import presented, queries, refresh_grant
from ostiary.oauth.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
)
from ostiary.oauth.logins import refused
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.polls import Polls
from ostiary.oauth.presented import Digests
from ostiary.oauth.refresh_grant import Renewed
from ostiary.users import logins
from ostiary.users.models import Login

ENDED = "The login was ended before it began"
USED = "This device code was used already, so the login has ended: sign in again"


def looked_at(db: Session, digests: Digests, polls: Polls, device_code: str, kid: str) -> OAuthError | None:
    """What to answer without a write; None when there are tokens to give, or a login to end.

    Anybody may ask, as often as they like: for nothing that can be said by reading must others wait.
    """
    code = find(db, digests, device_code)
    now = clock.now()
    if code.used_at is None and (error := _not_open(code, now)):
        return error
    if code.login_guid is None:
        return polls.answer(code, now)
    login = queries.by_login_guid(db, code.login_guid, kid)
    if code.used_at is not None:
        return InvalidGrant(USED) if login is None else None
    if login is None:
        return AccessDenied(ENDED)
    # RFC 8628 §3.5 has this word for whoever may not come in after all.
    reason = refused(login, now.timestamp())
    return AccessDenied(reason) if reason is not None else None


def redeem(db: Session, digests: Digests, device_code: str, address: str, life: dt.timedelta) -> Renewed | OAuthError:
    """The login's first refresh token, or what to answer instead; raises InvalidGrant for what is no code."""
    code = find(db, digests, device_code, is_to_change=True)
    now = clock.now()
    if code.used_at is not None:
        return _used_again(db, code, address)
    return _not_open(code, now) or _redeemed(db, digests, code, now, life)


def _not_open(code: DeviceCode, now: dt.datetime) -> OAuthError | None:
    if code.denied_at is not None:
        return AccessDenied("The request was denied")
    if code.expires_at <= now:
        return ExpiredToken("The device code has expired: begin anew")
    return None


def find(db: Session, digests: Digests, device_code: str, *, is_to_change: bool = False) -> DeviceCode:
    """Raises InvalidGrant."""
    is_code = presented.is_well_formed(presented.DEVICE_CODE, device_code)
    code = queries.by_device_digest(db, digests.of(device_code), is_to_change=is_to_change) if is_code else None
    if code is None:
        raise InvalidGrant("This device code is unknown, made room for another, or was forgotten long after it expired")
    return code


def _redeemed(
    db: Session, digests: Digests, code: DeviceCode, now: dt.datetime, life: dt.timedelta
) -> Renewed | OAuthError:
    mine = Login.guid == code.login_guid
    lives = db.execute(sa.update(Login).where(mine).values(expires_at=now + life, last_used_at=now))
    if lives.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's answer has it
        return AccessDenied(ENDED)
    code.used_at = now
    return Renewed(code.login_guid or "", refresh_grant.add(db, digests, code.login_guid or "", now), now)


def _used_again(db: Session, code: DeviceCode, address: str) -> OAuthError:
    """As for authorization codes (RFC 6749 §4.1.2): one of the two who have it should not."""
    found = queries.by_login_to_change(db, code.login_guid or "")
    if found is not None:
        logins.end(db, *found, address, presented_twice=True)
    return InvalidGrant(USED)
