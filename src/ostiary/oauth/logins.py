"""Logins: programs in which a person signed in. Their short-lived tokens speak for the person (`sub_type` `user`)."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.banks.models import BankType
from ostiary.db.fast_reads import Lookup
from ostiary.db.model import stored_seconds
from ostiary.oauth.access_tokens import AccessTokens, Claims
from ostiary.oauth.queries import LoginStanding
from ostiary.oauth.standing import Refused, moment
from ostiary.users.models import Role
from ostiary.users.roles import RIGHTS

# A public client (RFC 6749 §2.1): a program on somebody's own machine keeps no secret of its own.
CLIENT_ID = "ostiary-cli"


class Issued(NamedTuple):
    token: bytes
    scope: str
    expires_in: int
    created_at: int


@dataclass(frozen=True)
class LoginTokens:
    """Makes the access tokens of logins."""

    tokens: AccessTokens
    seconds: int

    def issue(self, login: LoginStanding) -> Issued:
        """For as much of what was approved as the person's role still holds, never beyond the login's own end."""
        iat = int(clock.seconds())
        exp = min(iat + self.seconds, int(stored_seconds(login.expires_at)))
        scope = " ".join(held(login))
        place = {"bank_guid": login.bank_guid, "bank_type": login.bank_type} if login.bank_guid else {}
        token = self.tokens.signed_members(
            {
                "sub": login.membership_guid,
                "sub_type": Subject.USER.value,
                "client_id": CLIENT_ID,
                "scope": scope,
                "organization_guid": login.organization_guid,
                **place,
                # OpenID Connect Front-Channel Logout 1.0 §3: the name of a claim that says which login.
                "sid": login.guid,
                "token_type": "access",
                "iat": iat,
                "exp": exp,
            }
        )
        return Issued(token, scope, exp - iat, iat)


@dataclass(frozen=True)
class LoginCheck:
    """How the login behind a token stands, asked of the database every time."""

    lookup: Lookup

    async def standing(self, claims: Claims) -> LoginStanding | None:
        """None when the login has ended; raises StoreUnavailable."""
        rows = await self.lookup(claims.sid or "", claims.kid)
        return LoginStanding._make(rows[0]) if rows else None


def held(login: LoginStanding) -> list[str]:
    """As much of what was approved as the person's role still holds there."""
    rights = RIGHTS[Role(login.role)]
    scopes = rights.in_production if login.bank_type == BankType.PRODUCTION else rights.scopes
    return [name for name in login.scope.split() if name in scopes]


def refused(login: LoginStanding, now_seconds: float) -> Refused | None:
    """The first reason why this login and its tokens do not count at this moment."""
    if login.user_disabled_at is not None or login.membership_disabled_at is not None:
        return Refused.USER_DISABLED
    if stored_seconds(login.expires_at) <= now_seconds:
        return Refused.LOGIN_ENDED
    if login.bank_closed_at is not None:
        return Refused.BANK_CLOSED
    if login.organization_closed_at is not None:
        return Refused.ORGANIZATION_CLOSED
    return None


def since(login: LoginStanding, reason: Refused) -> dt.datetime:
    match reason:
        case Refused.USER_DISABLED:
            # Whichever came first.
            disabled = (login.user_disabled_at, login.membership_disabled_at)
            return min(moment(stored) for stored in disabled if stored is not None)
        case Refused.BANK_CLOSED:
            return moment(login.bank_closed_at)
        case Refused.ORGANIZATION_CLOSED:
            return moment(login.organization_closed_at)
    return moment(login.expires_at)


def is_said_so(claims: Claims, login: LoginStanding) -> bool:
    """Whether what the token says about its place is still what the database says."""
    said = (claims.sub, claims.organization_guid, claims.bank_guid, claims.bank_type)
    return said == (login.membership_guid, login.organization_guid, login.bank_guid, login.bank_type)


def actor_of(login: LoginStanding, address: str, scopes: frozenset[Scope]) -> Actor:
    """The person, holding what the token and their role have in common."""
    role = Role(login.role)
    return Actor(
        subject=Subject.USER,
        guid=login.membership_guid,
        organization_guid=login.organization_guid,
        bank_guid=login.bank_guid or "",
        scopes=scopes & RIGHTS[role].scopes,
        scopes_in_production=scopes & RIGHTS[role].in_production,
        is_owner=role is Role.OWNER,
        address=address,
    )
