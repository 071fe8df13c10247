"""Refresh tokens: RFC 6749 §6, each works once. One that comes a second time ends the login (RFC 9700 §4.14.2)."""

import datetime as dt
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.db.store import Store
from ostiary.oauth import presented, queries
from ostiary.oauth.errors import InvalidGrant, InvalidScope, OAuthError
from ostiary.oauth.grants import quoted
from ostiary.oauth.models import RefreshToken
from ostiary.oauth.presented import Digests
from ostiary.users import logins
from ostiary.users.models import Login

OVER = "This login has ended: sign in again"
TWICE = "This refresh token was used before, so the login has ended: sign in again"


class Renewed(NamedTuple):
    """A login that goes on, and the only time its next refresh token is to be had."""

    login_guid: str
    refresh_token: str
    moment: dt.datetime

    def __repr__(self) -> str:
        return f"Renewed({self.login_guid}, ***)"


def add(db: Session, digests: Digests, login_guid: str, now: dt.datetime) -> str:
    token = presented.new(presented.REFRESH_TOKEN)
    db.add(RefreshToken(digest=digests.of(token), login_guid=login_guid, created_at=now))
    return token


def rotate(db: Session, digests: Digests, refresh_token: str, address: str, idle: dt.timedelta) -> Renewed | OAuthError:
    """A new one in the place of this one, or what to answer instead; raises InvalidGrant for what does not count."""
    token = find(db, digests, refresh_token)
    found = queries.by_login_to_change(db, token.login_guid) if token else None
    if found is None:
        raise InvalidGrant(OVER)
    # Again, now that nobody else can use it: of two at once, the second finds it used.
    token = find(db, digests, refresh_token)
    now = clock.now()
    if token is None or token.created_at + idle <= now:
        raise InvalidGrant(OVER)
    if token.used_at is not None:
        # Either a thief has it or its owner's program did not hear the answer; which, nobody here can tell.
        logins.end(db, *found, address, presented_twice=True)
        return InvalidGrant(TWICE)
    mine = sa.and_(RefreshToken.digest == token.digest, RefreshToken.used_at.is_(None))
    used = db.execute(sa.update(RefreshToken).where(mine).values(used_at=now))
    if used.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's answer has it
        raise InvalidGrant(TWICE)
    login, _ = found
    login.last_used_at = now
    return Renewed(login.guid, add(db, digests, login.guid, now), now)


def find(db: Session, digests: Digests, refresh_token: str) -> RefreshToken | None:
    if not presented.is_well_formed(presented.REFRESH_TOKEN, refresh_token):
        return None
    return queries.by_refresh_digest(db, digests.of(refresh_token))


def narrowed(approved: str, wanted: str) -> str:
    """RFC 6749 §6: for this one access token, never more than was approved."""
    names = list(dict.fromkeys(wanted.split(" ")))
    for name in names:
        if name not in approved.split():
            raise InvalidScope(f"{quoted(name)} was not approved for this login")
    return " ".join(names)


def prune(store: Store, idle: dt.timedelta) -> None:
    """Logins that were not used for too long or are too old, and tokens that would be too old to be used."""
    now = clock.now()
    with store.writing() as db:
        db.execute(sa.delete(Login).where(sa.or_(Login.expires_at <= now, Login.last_used_at <= now - idle)))
        db.execute(sa.delete(RefreshToken).where(RefreshToken.created_at <= now - idle))
