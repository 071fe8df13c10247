"""The bearer check in front of the API: RFC 6750, and one read that says whether the token still counts."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs

import structlog

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.addresses import ClientAddress
from ostiary.access.scopes import Scope as TokenScope
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup
from ostiary.errors import Forbidden, Unauthorized
from ostiary.oauth import logins
from ostiary.oauth.access_tokens import AccessTokens, Claims, NotAToken
from ostiary.oauth.logins import LoginCheck
from ostiary.oauth.queries import LoginStanding, Standing
from ostiary.oauth.standing import Refused, actor_of, is_address_allowed, refused
from ostiary.web.asgi import Scope, header_values

# RFC 6750 §2.1: the scheme in any case (RFC 9110 §11.1), one blank, b64token.
BEARER = re.compile(r"bearer ([A-Za-z0-9\-._~+/]+=*)\Z", re.IGNORECASE)
AHEAD_SECONDS = 10
# What is looked up in the database: one database's drivers stumble over NUL, the other's over half a character.
LOOKED_UP = re.compile(r"[!-~]+\Z")
ANEW = "Make a new token with the same key pair at POST /oauth/token; the key itself is fine"
ANEW_FOR_PERSON = "Get a new token with the refresh token at POST /oauth/token, or sign in again with: ostiary login"
KNOWN_SCOPES = frozenset(TokenScope)

log = structlog.get_logger(__name__)


class TokenRefused(Unauthorized):
    """A token that does not count, what that is counted as, and for which key."""

    def __init__(self, message: str, *, outcome: str = "", application_guid: str = "", **more: object) -> None:
        super().__init__("authentication_failed", message, **more)
        self.outcome = outcome
        self.application_guid = application_guid


@dataclass(frozen=True)
class BearerCheck:
    """Turns the token of a request into an actor, or raises the refusal."""

    lookup: Lookup
    logins: LoginCheck
    tokens: AccessTokens
    client_address: ClientAddress
    usage: Usage

    async def actor(self, scope: Scope) -> Actor:
        """Raises Unauthorized, Forbidden or StoreUnavailable; the order of questions is DESIGN §6's."""
        token = _presented(header_values(scope, b"authorization"), scope["query_string"])
        address = self.client_address.of((scope["client"] or ("",))[0], header_values(scope, b"x-forwarded-for"))
        try:
            claims, standing = await self.checked(token)
        except TokenRefused as error:
            if error.outcome:
                self.usage.count(error.application_guid, error.outcome)
            raise
        if isinstance(standing, LoginStanding):
            return logins.actor_of(standing, address, _scopes(claims.scope))
        if not is_address_allowed(standing, address):
            self.usage.count(standing.application_guid, "address_not_allowed")
            raise Forbidden(
                "forbidden", "Forbidden", reason="This key may not be used from the address of this request"
            )
        return actor_of(standing, address, _scopes(claims.scope))

    async def checked(self, token: str) -> tuple[Claims, Standing | LoginStanding]:
        """What a token that counts says, and how its key or login stands; raises TokenRefused or StoreUnavailable."""
        now = clock.seconds()
        try:
            claims = self.tokens.read(token)
        except NotAToken as error:
            log.debug("token_refused", reason=str(error))
            raise TokenRefused("Signature verification raised", outcome="signature") from error
        self._check_claims(claims, now)
        if claims.sub_type == Subject.USER:
            return claims, _checked_login(claims, await self.logins.standing(claims), now)
        rows = await self.lookup(claims.client_id, claims.kid, claims.jti)
        if not rows:
            raise TokenRefused("Credential revoked")
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
        if not all(LOOKED_UP.match(word) for word in (claims.client_id, claims.jti, claims.sid or "-")):
            raise TokenRefused("Signature verification raised")


def _check_standing(claims: Claims, standing: Standing, now: float) -> None:
    if standing.kid is None:
        raise TokenRefused("Signature verification raised")
    reason = refused(standing, now)
    if reason is not None:
        raise TokenRefused(reason, outcome=reason.name.lower(), application_guid=standing.application_guid)
    if standing.revoked_jti is not None:
        raise TokenRefused("Token revoked", outcome="token_revoked", application_guid=standing.application_guid)
    # Whatever the token says about its place must still be what the database says.
    said = (claims.sub_type, claims.sub, claims.organization_guid, claims.bank_guid, claims.bank_type)
    subject = standing.bank_guid or standing.organization_guid
    if said != (standing.kind, subject, standing.organization_guid, standing.bank_guid, standing.bank_type):
        raise TokenRefused("Token no longer matches its key")


def _checked_login(claims: Claims, login: LoginStanding | None, now: float) -> LoginStanding:
    if login is None:
        raise TokenRefused(Refused.LOGIN_ENDED)
    if login.kid is None:
        raise TokenRefused("Signature verification raised")
    reason = logins.refused(login, now)
    if reason is not None:
        raise TokenRefused(reason)
    if not logins.is_said_so(claims, login):
        raise TokenRefused("Token no longer matches its login")
    return login


def _presented(authorization: Sequence[str], query_string: bytes) -> str:
    # RFC 6750 §2: one way to send a token; the URL is not it, because URLs end up in logs.
    found = BEARER.match(authorization[0]) if len(authorization) == 1 else None
    if found is None or (b"access_token" in query_string and b"access_token" in parse_qs(query_string)):
        raise Unauthorized(
            "authentication_malformed",
            "Authorization header is malformed.",
            what_to_do="Send exactly one header: Authorization: Bearer <token>, with a token from POST /oauth/token",
        )
    return found.group(1)


def _expired(claims: Claims, now: float) -> TokenRefused:
    # A calendar ends somewhere; a token from before 1970 expired no later than that.
    expired_at = dt.datetime.fromtimestamp(max(claims.exp, 0), clock.UTC)
    is_persons = claims.sub_type == Subject.USER
    return TokenRefused(
        "Signature has expired",
        outcome="token_expired",
        expired_at=clock.on_the_wire(expired_at),
        expired_seconds_ago=int(now - claims.exp),
        what_to_do=ANEW_FOR_PERSON if is_persons else ANEW,
    )


@lru_cache(maxsize=1024)
def _scopes(text: str) -> frozenset[TokenScope]:
    # A token of an earlier release may name a scope that is no more: it grants nothing.
    return frozenset(TokenScope(name) for name in text.split() if name in KNOWN_SCOPES)
