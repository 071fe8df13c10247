"""POST /oauth/revoke: RFC 7009, one token dies before it expires. Its key lives on."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from ostiary import clock
from ostiary.db.batches import insert_or_update
from ostiary.db.store import Store
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.oauth.access_tokens import AccessTokens, Claims, NotAToken
from ostiary.oauth.answers import HEADERS
from ostiary.oauth.client_endpoint import Caller
from ostiary.oauth.errors import InvalidGrant
from ostiary.oauth.models import Revocation
from ostiary.oauth.standing import actor_of
from ostiary.web.immediate import Answer

PATH = "/oauth/revoke"
# RFC 7009 §2.2: the status says it all.
DONE = Answer(200, b"{}", HEADERS)


@dataclass(frozen=True)
class TokenRevocation:
    store: Store
    tokens: AccessTokens

    async def __call__(self, caller: Caller, token: str) -> Answer:
        """Raises InvalidGrant for a token of another key, and StoreUnavailable: a 200 means that it is refused now."""
        try:
            claims = self.tokens.read(token)
        except NotAToken:
            # RFC 7009 §2.2: what is no token of ours opens nothing, so there is nothing left to do.
            return DONE
        if claims.client_id != caller.client_id:
            raise InvalidGrant(
                "This token was issued to another key", application_guid=caller.standing.application_guid
            )
        if claims.exp > clock.seconds():
            await run_in_threadpool(self._revoke, caller, claims)
        return DONE

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


def prune(store: Store) -> None:
    """Take away what says no to tokens that would have expired by now."""
    with store.writing() as db:
        db.execute(sa.delete(Revocation).where(Revocation.expires_at <= clock.now()))
