"""Device codes: made for a program, looked up by what its person types, answered once (RFC 8628)."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.limits.kinds import network_of, source_of
from ostiary.oauth import presented, queries
from ostiary.oauth.errors import TooManyRequests
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.presented import Digests
from ostiary.users import logins, user_agents
from ostiary.users.models import Login

LIFE = dt.timedelta(minutes=10)
# RFC 8628 §3.2, §3.5.
INTERVAL_SECONDS = 5
# For as long a program that comes late hears that its code has expired, and one that comes again that it was used.
REMEMBERED = dt.timedelta(hours=1)
MOST_WAITING = 1000
RETRY_AFTER_SECONDS = 60
MOST_WAITING_OF_A_SOURCE = 10
MOST_WAITING_OF_A_NETWORK = 50


@dataclass(frozen=True)
class Asked:
    """What a program wants to be allowed, and where it runs."""

    scope: str | None
    bank_guid: str | None
    address: str
    user_agent: str


@dataclass(frozen=True)
class NewCodes:
    """The only time that the two are to be had."""

    device_code: str
    user_code: str

    def __repr__(self) -> str:
        return "NewCodes(***)"


def create(db: Session, store: Store, digests: Digests, asked: Asked) -> NewCodes:
    """Raises TooManyRequests: each costs a row, and anybody may ask."""
    # Counted and added as one, also on PostgreSQL.
    store.serialize(db)
    fullest = room(db, asked)
    if fullest is not None:
        _make_room(db, fullest)
    now = clock.now()
    made = NewCodes(presented.new(presented.DEVICE_CODE), presented.new_user_code())
    db.add(
        DeviceCode(
            guid=guids.new(),
            digest=digests.of(made.device_code),
            user_code_digest=digests.of(made.user_code),
            scope=asked.scope,
            bank_guid=asked.bank_guid,
            source=source_of(asked.address),
            address=asked.address,
            user_agent=asked.user_agent,
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    return made


def room(db: Session, asked: Asked) -> str | None:
    """The source that has to give way first, when all is full; raises TooManyRequests.

    One who has many addresses must not shut out everybody else, so whoever has the most makes room for who has none.
    """
    waiting = queries.by_source(db, clock.now())
    of_networks: Counter[str] = Counter()
    for each, count in waiting.items():
        of_networks[network_of(each)] += count
    source = source_of(asked.address)
    mine = of_networks[network_of(source)]
    if waiting.get(source, 0) >= MOST_WAITING_OF_A_SOURCE or mine >= MOST_WAITING_OF_A_NETWORK:
        raise _full()
    if of_networks.total() < MOST_WAITING:
        return None
    if mine:
        raise _full()
    [(fullest, _)] = of_networks.most_common(1)
    return max((each for each in waiting if network_of(each) == fullest), key=waiting.__getitem__)


def _make_room(db: Session, source: str) -> None:
    """Taken away rather than ended: rows that stay would be without number."""
    oldest = queries.by_source_the_oldest(db, source, clock.now())
    if oldest is not None:
        db.delete(oldest)


def _full() -> TooManyRequests:
    return TooManyRequests(
        "Too many programs wait for somebody to sign in: try again in a few minutes",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def approve(db: Session, actor: Actor, code: DeviceCode, scopes: Sequence[str], bank_guid: str | None) -> Login:
    """The login waits for its program no longer than the code does; raises Invalid for one that is answered."""
    login = logins.create(
        db,
        actor,
        scopes,
        bank_guid,
        address=code.address,
        user_agent=code.user_agent,
        expires_at=code.expires_at,
    )
    _decide(db, code, login_guid=login.guid)
    return login


def deny(db: Session, actor: Actor, code: DeviceCode) -> None:
    _decide(db, code, denied_at=clock.now())
    record(
        db,
        actor,
        EventType.LOGIN_DENIED,
        code.guid,
        organization_guid=actor.organization_guid,
        program=user_agents.program(code.user_agent),
        program_address=code.address,
    )


def prune(store: Store) -> None:
    with store.writing() as db:
        db.execute(sa.delete(DeviceCode).where(DeviceCode.expires_at <= clock.now() - REMEMBERED))


def _decide(db: Session, code: DeviceCode, **values: object) -> None:
    """Of two answers at once, one counts."""
    is_open = sa.and_(
        DeviceCode.login_guid.is_(None), DeviceCode.denied_at.is_(None), DeviceCode.expires_at > clock.now()
    )
    done = db.execute(sa.update(DeviceCode).where(DeviceCode.guid == code.guid, is_open).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's answer has it
        raise Invalid("invalid_value", "This code was answered in the meantime, or has expired", status=409)
