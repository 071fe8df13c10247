"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): what counts once, however often it comes.

The row is written in the transaction that makes the thing. So a request that dies leaves nothing behind that could
stand in the way of the next one, and of two at once the database lets only one through, on whichever node they arrive.
"""

import datetime as dt
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.crypto.master_key import MasterKey
from ostiary.db.store import Store
from ostiary.errors import Invalid
from ostiary.web import queries
from ostiary.web.models import IdempotencyKey

HEADER = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
# As long as the answer may be on its way. Of requests sent at the same moment some arrive when the first is answered
# already, and nothing tells those from one whose sender lost the answer but that he had no time to miss it.
HELD = dt.timedelta(seconds=5)
# As long as something that is shown once, and that nobody has used, may be shown anew.
RENEWABLE = dt.timedelta(minutes=10)

VALUE = re.compile(r"[ -~]{1,255}\Z")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"\Z')


@dataclass(frozen=True)
class Arrival:
    """A request as it arrived: when, with which header, asking for what."""

    at: dt.datetime
    values: Sequence[str]
    operation: str
    body: bytes

    @property
    def key(self) -> str:
        """What the header says; raises Invalid."""
        quoted = QUOTED.match(self.values[0])
        # The draft §2.1 makes it a string in quotes (RFC 8941 §3.3.3); most who send it leave them out.
        key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else self.values[0]
        if len(self.values) > 1 or not VALUE.match(key):
            message = f"Invalid value. {HEADER}: send one header of 1 to 255 printable ASCII characters"
            raise Invalid("invalid_value", message)
        return key

    @property
    def meaning(self) -> bytes:
        """The body without its spelling: blanks and the order of members say nothing."""
        try:
            return json.dumps(json.loads(self.body), sort_keys=True).encode()
        except (ValueError, RecursionError):
            return self.body


class Once:
    """A request to make something, which may have come before. Without the header every one is the first."""

    def earlier(self, db: Session, actor: Actor, *, is_shown_once: bool = True) -> str | None:  # noqa: ARG002
        """The guid of what this request has made already; None the first time. Asked right after the door.

        Until the unit of work ends nobody else works on the same request. What can be shown as often as one likes need
        not wait until the first answer has arrived. Raises Invalid.
        """
        return None

    def made(self, db: Session, actor: Actor, guid: str) -> None:
        """Remember what this request made or, when it came again, was given once more."""


ALWAYS_NEW = Once()


class Memory:
    """What it takes to know a request again."""

    def __init__(self, store: Store, master_key: MasterKey, settle: Callable[[], None]) -> None:
        self.store = store
        self._key = master_key.derive("idempotency")
        # Puts into the database what this process knows of the use of keys: it decides about repeats.
        self._settle = settle

    def once(self, arrival: Arrival) -> Once:
        if not arrival.values:
            return ALWAYS_NEW
        self._settle()
        return _Remembered(self, arrival)

    def digest(self, *parts: bytes) -> bytes:
        return hmac.digest(self._key, b"\0".join(parts), "sha256")


class _Remembered(Once):
    def __init__(self, memory: Memory, arrival: Arrival) -> None:
        self._memory = memory
        self._arrival = arrival
        self._digest = b""
        self._row: IdempotencyKey | None = None

    def earlier(self, db: Session, actor: Actor, *, is_shown_once: bool = True) -> str | None:
        key = self._arrival.key
        self._digest = self._memory.digest(b"key", actor.guid.encode(), key.encode())
        if not self._memory.store.is_alone(db, self._digest):
            raise _still_running(HELD)
        row = queries.find(db, actor, self._digest)
        if row is not None and row.expires_at <= self._arrival.at:
            db.delete(row)
            db.flush()  # the next row has the same digest
            row = None
        if row is None:
            return None
        if not hmac.compare_digest(row.request_digest, self._request_digest(actor)):
            message = f"This {HEADER} belongs to another request: use a new one"
            raise Invalid("idempotency_key_reused", message, status=422)
        if is_shown_once and self._arrival.at < row.held_until:
            raise _still_running(row.held_until - clock.now())
        self._row = row
        return row.made_guid

    def made(self, db: Session, actor: Actor, guid: str) -> None:
        held_until = clock.now() + HELD
        if self._row is not None:
            self._row.held_until = held_until
            return
        row = IdempotencyKey(
            digest=self._digest,
            request_digest=self._request_digest(actor),
            organization_guid=actor.organization_guid,
            made_guid=guid,
            held_until=held_until,
            expires_at=clock.now() + KEPT,
        )
        db.add(row)

    def _request_digest(self, actor: Actor) -> bytes:
        arrival = self._arrival
        # Under two logins the same words mean two banks.
        return self._memory.digest(b"request", arrival.operation.encode(), actor.bank_guid.encode(), arrival.meaning)


def made_already(what: str, **names: str) -> Invalid:
    """A repeat that comes too late to be shown a secret."""
    message = f"Data exists: this {HEADER} has made {what}, and what was shown then is not shown again"
    return Invalid("data_exists", message, status=409, **names)


def is_renewable(created_at: dt.datetime) -> bool:
    return clock.now() < created_at + RENEWABLE


def prune(store: Store) -> None:
    with store.writing() as db:
        db.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.expires_at <= clock.now()))


def _still_running(left: dt.timedelta) -> Invalid:
    seconds = max(1, -int(-left.total_seconds() // 1))
    message = f"A request with this {HEADER} is being worked on: ask again in a moment"
    return Invalid("request_in_progress", message, status=409, retry_after_seconds=seconds)
