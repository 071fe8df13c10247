"""The bearer check in front of the API: RFC 6750, and one read that says whether the token still counts."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import structlog

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.addresses import ClientAddress
from ostiary.access.scopes import Scope as TokenScope
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup
from ostiary.errors import Forbidden, Unauthorized
from ostiary.oauth import logins, rules
from ostiary.oauth.access_tokens import AccessTokens, Claims, NotAToken
from ostiary.oauth.logins import LoginCheck
from ostiary.oauth.queries import LoginStanding, Standing
from ostiary.oauth.standing import (
    LOGIN_OUTDATED,
    Refused,
    actor_of,
    bound,
    contradiction,
    is_address_allowed,
    is_let_in_by_itself,
    moment,
    refused,
    since,
)
from ostiary.web.asgi import Scope, header_values

# RFC 6750 §2.1: the scheme in any case (RFC 9110 §11.1), one blank, b64token.
BEARER = re.compile(r"bearer ([A-Za-z0-9\-._~+/]+=*)\Z", re.IGNORECASE)
AHEAD_SECONDS = 10
# What is looked up in the database: one database's drivers stumble over NUL, the other's over half a character.
LOOKED_UP = re.compile(r"[!-~]+\Z")
UNSIGNED = "Signature verification raised"
KNOWN_SCOPES = frozenset(TokenScope)

log = structlog.get_logger(__name__)


class TokenRefused(Unauthorized):
    """A token that does not count, by which rule, and for which key that is counted."""

    def __init__(
        self,
        text: str,
        *,
        since: dt.datetime | None = None,
        subject: str = "",
        application_guid: str = "",
        **more: object,
    ) -> None:
        told = rules.broken(text, since=since, subject=subject)
        super().__init__("authentication_failed", text, **(told | more))
        self.outcome = rules.RULES[text].name
        self.application_guid = application_guid


class Admitted(NamedTuple):
    """A token that may be used from where it came, how its key or login stands, and who is asking by it."""

    claims: Claims
    standing: Standing | LoginStanding
    actor: Actor


@dataclass(frozen=True)
class BearerCheck:
    """Turns the token of a request into an actor, or raises the refusal."""

    lookup: Lookup
    logins: LoginCheck
    tokens: AccessTokens
    client_address: ClientAddress
    usage: Usage

    async def admitted(self, scope: Scope) -> Admitted:
        """Raises Unauthorized, Forbidden or StoreUnavailable; the order of questions is DESIGN §6's."""
        token = _presented(header_values(scope, b"authorization"), scope["query_string"])
        address = self.client_address.of((scope["client"] or ("",))[0], header_values(scope, b"x-forwarded-for"))
        try:
            claims, standing = await self.checked(token)
        except TokenRefused as error:
            self.usage.count(error.application_guid, error.outcome)
            raise
        if isinstance(standing, LoginStanding):
            return Admitted(claims, standing, logins.actor_of(standing, address, _scopes(claims.scope)))
        if not is_address_allowed(bound(claims, standing), address):
            self.usage.count(standing.application_guid, rules.ADDRESS_NOT_ALLOWED)
            raise _not_from_here(claims, address)
        if standing.observed_since is not None and not is_let_in_by_itself(claims, address):
            self.usage.saw(standing.application_guid, address)
        actor = actor_of(standing, address, _scopes(claims.scope), customer_guid=claims.customer_guid)
        return Admitted(claims, standing, actor)

    async def checked(self, token: str) -> tuple[Claims, Standing | LoginStanding]:
        """What a token that counts says, and how its key or login stands; raises TokenRefused or StoreUnavailable."""
        now = clock.seconds()
        try:
            claims = self.tokens.read(token)
        except NotAToken as error:
            log.debug("token_refused", reason=str(error))
            raise TokenRefused(UNSIGNED) from error
        self._check_claims(claims, now)
        if claims.sub_type == Subject.USER:
            return claims, _checked_login(claims, await self.logins.standing(claims), now)
        rows = await self.lookup(claims.client_id, claims.kid, claims.jti, claims.customer_guid)
        if not rows:
            raise TokenRefused(Refused.REVOKED)
        standing = Standing._make(rows[0])
        _check_standing(claims, standing, now)
        return claims, standing

    def _check_claims(self, claims: Claims, now: float) -> None:
        if claims.exp <= now:
            raise _expired(claims, now)
        if claims.aud != self.tokens.issuer:
            raise TokenRefused("Invalid audience")
        if claims.iss != self.tokens.issuer:
            raise TokenRefused("Invalid issuer")
        if max(claims.iat, claims.nbf) > now + AHEAD_SECONDS or claims.iat < 0:
            raise TokenRefused("Token is not valid yet")
        names = (claims.client_id, claims.jti, claims.sid or "-", claims.customer_guid or "-")
        if not all(LOOKED_UP.match(name) for name in names):
            raise TokenRefused(UNSIGNED)


def _check_standing(claims: Claims, standing: Standing, now: float) -> None:
    if standing.kid is None:
        raise TokenRefused(UNSIGNED)
    guid = standing.application_guid
    reason = refused(standing, now)
    if reason is not None:
        raise TokenRefused(reason, since=since(standing, reason), application_guid=guid)
    if standing.token_revoked_at is not None:
        revoked_at = moment(standing.token_revoked_at)
        raise TokenRefused(rules.TOKEN_REVOKED, since=revoked_at, subject=claims.sub_type, application_guid=guid)
    contradicted = contradiction(claims, standing)
    if contradicted:
        raise TokenRefused(contradicted, subject=claims.sub_type, application_guid=guid)


def _checked_login(claims: Claims, login: LoginStanding | None, now: float) -> LoginStanding:
    if login is None:
        raise TokenRefused(Refused.LOGIN_ENDED)
    if login.kid is None:
        raise TokenRefused(UNSIGNED)
    reason = logins.refused(login, now)
    if reason is not None:
        raise TokenRefused(reason, since=logins.since(login, reason))
    if not logins.is_said_so(claims, login):
        raise TokenRefused(LOGIN_OUTDATED)
    return login


def _presented(authorization: Sequence[str], query_string: bytes) -> str:
    # RFC 6750 §2: one way to send a token; the URL is not it, because URLs end up in logs.
    found = BEARER.match(authorization[0]) if len(authorization) == 1 else None
    if found is None or (query_string and b"access_token" in _names(query_string)):
        raise Unauthorized(
            "authentication_malformed",
            "Authorization header is malformed.",
            rule="header",
            what_to_do="Send exactly one header: Authorization: Bearer <token>, with a token from POST /oauth/token",
        )
    return found.group(1)


def _names(query_string: bytes) -> set[bytes]:
    return {unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")) for part in query_string.split(b"&")}


def _expired(claims: Claims, now: float) -> TokenRefused:
    # A calendar ends somewhere; a token from before 1970 expired no later than that.
    expired_at = dt.datetime.fromtimestamp(max(claims.exp, 0), clock.UTC)
    return TokenRefused(
        rules.EXPIRED, since=expired_at, subject=claims.sub_type, expired_seconds_ago=int(now - claims.exp)
    )


def _not_from_here(claims: Claims, address: str) -> Forbidden:
    what = "token" if claims.customer_guid else "key"
    return Forbidden(
        "forbidden",
        "Forbidden",
        reason=f"This {what} may not be used from the address of this request",
        **rules.address_refused(address, subject=claims.sub_type),
    )


@lru_cache(maxsize=1024)
def _scopes(text: str) -> frozenset[TokenScope]:
    # A token of an earlier release may name a scope that is no more: it grants nothing.
    return frozenset(TokenScope(name) for name in text.split() if name in KNOWN_SCOPES)
