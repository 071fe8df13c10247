"""Limits of the endpoints that take a pair: how often a key may ask for tokens, and how often a source may fail.

A right secret is always looked at, and never pays for what others did: failures are counted by source, and turn only
further failures of that source into a 429. What keys ask for is counted once their secret was right.
"""

import threading
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from ostiary.access.actor import Stranger
from ostiary.clock import in_words
from ostiary.db.store import Store
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.limits.counting import Counting, try_again
from ostiary.limits.kinds import Ask, Exceeded, Kind, Verdict, source_of
from ostiary.oauth.errors import TooManyRequests, WrongPair
from ostiary.oauth.queries import Standing

# In a second, before those of the next are collected; what a source does beyond that is the same again.
MOST_PENDING = 1000
PER_KEY, PER_SOURCE = Kind.TOKEN_REQUESTS_PER_KEY, Kind.TOKEN_REQUESTS_PER_SOURCE
PER_LOGIN = Kind.REFRESHES_PER_LOGIN
FAILED = Kind.FAILED_TOKEN_REQUESTS_PER_SOURCE
TEXTS = {
    PER_KEY: "This key asks for tokens too often: use each token until it expires, or",
    PER_SOURCE: "This address asks for tokens too often: use each token until it expires, or",
    PER_LOGIN: "This login is refreshed too often: use each access token until it expires, or",
    FAILED: (
        "Client authentication failed, and too often from this address: check client_id and client_secret. A right "
        "pair is answered at once; with this one"
    ),
}


class Failed(NamedTuple):
    """Whose key somebody failed with too often, and from where; without what was sent."""

    address: str
    standing: Standing | None


class Limiting:
    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self._counts_keys = PER_KEY in counting.limits
        self._counts_sources = PER_SOURCE in counting.limits
        self._pending: dict[tuple[str, str], Failed] = {}
        self._lock = threading.Lock()

    async def of_tokens(self, asking: Sequence[tuple[str, str]]) -> list[TooManyRequests | None]:
        """Of keys whose secret was right, and the addresses they ask from: what is refused, and why."""
        if not self._counts_keys and not self._counts_sources:
            return [None] * len(asking)
        verdicts = await self.counting.take_soon(self._asks(asking))
        return [_refusal(each, verdict) for each, verdict in zip(asking, verdicts, strict=True)]

    async def judged(self, errors: Sequence[Exception]) -> list[Exception]:
        """Each failure counts for its source and is told as it is, or, after too many, refused as such."""
        wrong = [_failure(error) for error in errors if isinstance(error, WrongPair)]
        verdicts = iter(await self.counting.take_soon(wrong) if wrong else ())
        return [self._judged(error, next(verdicts)) if isinstance(error, WrongPair) else error for error in errors]

    def tell(self, store: Store) -> None:
        """Put on the trail who failed too often with whose key: once for a source in the length of its window."""
        with self._lock:
            pending, self._pending = self._pending, {}
        known = [(each.address, each.standing) for each in pending.values() if each.standing is not None]
        asks = [_notice(address, standing) for address, standing in known]
        verdicts = self.counting.take(asks) if asks else []
        due = [each for each, verdict in zip(known, verdicts, strict=True) if not isinstance(verdict, Exceeded)]
        if not due:
            return
        try:
            with store.writing() as db:
                for address, standing in due:
                    self._record(db, address, standing)
        except Exception:
            # The database is away: it is told as soon as it is back.
            for ask, verdict in zip(asks, verdicts, strict=True):
                self.counting.give_back(ask, verdict)
            with self._lock:
                self._pending = {**pending, **self._pending}
            raise

    def _asks(self, asking: Sequence[tuple[str, str]]) -> list[Ask]:
        if not self._counts_sources:
            return [((PER_KEY, guid),) for guid, _ in asking]
        if not self._counts_keys:
            return [((PER_SOURCE, source_of(address)),) for _, address in asking]
        return [((PER_KEY, guid), (PER_SOURCE, source_of(address))) for guid, address in asking]

    def _judged(self, error: WrongPair, verdict: Verdict) -> Exception:
        if not isinstance(verdict, Exceeded):
            return error
        # The same steps for everybody, so that nobody can tell by the time whether the client is known.
        with self._lock:
            if len(self._pending) < MOST_PENDING:
                failed = Failed(error.address, error.standing)
                self._pending[source_of(error.address), error.application_guid] = failed
        return _too_many(verdict, outcome=error.outcome, application_guid=error.application_guid)

    def _record(self, db: Session, address: str, standing: Standing) -> None:
        limit = self.counting.limits[FAILED]
        record(
            db,
            Stranger(address),
            EventType.CREDENTIAL_FAILED,
            standing.application_guid,
            organization_guid=standing.organization_guid,
            bank_guid=standing.bank_guid,
            source=source_of(address),
            more_than=f"{limit.requests} in {in_words(limit.seconds)}",
        )


class RefreshLimit:
    """How often one login is refreshed: asked before anything is used up, by threads, which may wait for Redis."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    def must_allow(self, login_guid: str) -> None:
        """Raises TooManyRequests."""
        [verdict] = self._counting.take([((PER_LOGIN, login_guid),)])
        if isinstance(verdict, Exceeded):
            raise _too_many(verdict, outcome="too_many_requests", application_guid="")


def _failure(error: WrongPair) -> Ask:
    return ((FAILED, source_of(error.address)),)


def _notice(address: str, standing: Standing) -> Ask:
    organization = standing.organization_guid
    return (Kind.NOTICES_PER_SOURCE, f"{organization} {source_of(address)}"), (
        Kind.NOTICES_PER_ORGANIZATION,
        organization,
    )


def _refusal(asking: tuple[str, str], verdict: Verdict) -> TooManyRequests | None:
    if not isinstance(verdict, Exceeded):
        return None
    return _too_many(verdict, outcome="too_many_requests", application_guid=asking[0])


def _too_many(exceeded: Exceeded, *, outcome: str, application_guid: str) -> TooManyRequests:
    return TooManyRequests(
        f"{TEXTS[exceeded.kind]} {try_again(exceeded.retry_after_seconds)}",
        outcome=outcome,
        application_guid=application_guid,
        retry_after_seconds=exceeded.retry_after_seconds,
        headers=exceeded.headers,
    )
