"""POST /oauth/revoke: RFC 7009, one token dies before it expires. Its key lives on; a login ends with its tokens."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from ostiary import clock
from ostiary.access.actor import Subject
from ostiary.db.batches import insert_or_update
from ostiary.db.store import Store
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.oauth import presented, queries, refresh_grant
from ostiary.oauth.access_tokens import AccessTokens, Claims, NotAToken, UnknownKey
from ostiary.oauth.answers import HEADERS
from ostiary.oauth.client_endpoint import Caller
from ostiary.oauth.errors import InvalidGrant
from ostiary.oauth.models import Revocation
from ostiary.oauth.presented import Digests
from ostiary.oauth.standing import actor_of
from ostiary.users import logins
from ostiary.web.together import Answer

PATH = "/oauth/revoke"
# RFC 7009 §2.2: the status says it all.
DONE = Answer(200, b"{}", HEADERS)


@dataclass(frozen=True)
class TokenRevocation:
    store: Store
    tokens: AccessTokens
    digests: Digests

    async def __call__(self, caller: Caller, token: str) -> Answer:
        """Raises InvalidGrant for a token of another key, and StoreUnavailable: a 200 means that it is refused now."""
        try:
            claims = await _read(self.tokens, token)
        except NotAToken:
            if await run_in_threadpool(self._refreshes, token):
                raise _issued_to_another(caller) from None
            # RFC 7009 §2.2: what is no token of ours opens nothing, so there is nothing left to do.
            return DONE
        if claims.client_id != caller.client_id:
            raise _issued_to_another(caller)
        if claims.exp > clock.seconds():
            await run_in_threadpool(self._revoke, caller, claims)
        return DONE

    def _refreshes(self, token: str) -> bool:
        if not presented.is_well_formed(presented.REFRESH_TOKEN, token):
            return False
        with self.store.reading() as db:
            return refresh_grant.find(db, self.digests, token) is not None

    def _revoke(self, caller: Caller, claims: Claims) -> None:
        key = caller.standing
        row = insert_or_update(Revocation, is_sqlite=self.store.is_sqlite).values(
            jti=claims.jti,
            application_guid=key.application_guid,
            revoked_at=clock.now(),
            expires_at=dt.datetime.fromtimestamp(claims.exp, clock.UTC),
        )
        with self.store.writing() as db:
            if db.execute(row.on_conflict_do_nothing().returning(Revocation.jti)).first():
                record(
                    db,
                    actor_of(key, caller.address),
                    EventType.TOKEN_REVOKED,
                    key.application_guid,
                    organization_guid=key.organization_guid,
                    bank_guid=key.bank_guid,
                    jti=claims.jti,
                    **({"customer_guid": claims.customer_guid} if claims.customer_guid else {}),
                )


@dataclass(frozen=True)
class LoginEnd:
    """Signing out of a program, which has no pair: whoever has a token of a login may end it."""

    store: Store
    tokens: AccessTokens
    digests: Digests

    async def __call__(self, address: str, token: str) -> Answer:
        """Raises InvalidGrant for a token of a key, and StoreUnavailable: a 200 means that the login is over."""
        claims = None
        if not presented.is_well_formed(presented.REFRESH_TOKEN, token):
            try:
                claims = await _read(self.tokens, token)
            except NotAToken:
                return DONE
            if claims.sub_type != Subject.USER:
                raise InvalidGrant("This token was issued to a key: revoke it with the pair of that key")
            # However old: it says which login is to end, and that one may live on.
        await run_in_threadpool(self._end, address, token, claims)
        return DONE

    def _end(self, address: str, token: str, claims: Claims | None) -> None:
        # Looked at first: whoever tries something out must not keep others from writing.
        guid = claims.sid if claims else self._login_of(token)
        if not guid:
            return
        with self.store.writing() as db:
            found = queries.by_login_to_change(db, guid)
            if found is not None:
                logins.end(db, *found, address)

    def _login_of(self, refresh_token: str) -> str | None:
        with self.store.reading() as db:
            found = refresh_grant.find(db, self.digests, refresh_token)
        return found.login_guid if found else None


async def _read(tokens: AccessTokens, token: str) -> Claims:
    """Raises NotAToken, and StoreUnavailable: before a token is called strange, all signing keys are looked at."""
    try:
        return tokens.read(token)
    except UnknownKey:
        return await run_in_threadpool(tokens.read_surely, token)


def _issued_to_another(caller: Caller) -> InvalidGrant:
    return InvalidGrant("This token was issued to another key", application_guid=caller.standing.application_guid)


def prune(store: Store) -> None:
    """Take away what says no to tokens that would have expired by now."""
    with store.writing() as db:
        db.execute(sa.delete(Revocation).where(Revocation.expires_at <= clock.now()))
