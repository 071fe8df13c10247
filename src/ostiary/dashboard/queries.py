"""What pages of several slices show: names, use summed up, keys that need somebody; each slice asked for its own."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlalchemy import Column, Select, String, func, or_, select, values
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ostiary.access.actor import Actor
from ostiary.applications import queries as applications
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer
from ostiary.oauth.standing import Refused
from ostiary.users import queries as users
from ostiary.users.models import Membership

# As the token endpoint and the bearer check count it.
EXPIRED = Refused.EXPIRED.name.lower()
# Of keys that have expired, so many of the latest are asked whether somebody still tries them.
MOST_EXPIRED = 200
# Counting every row of a long table would make the page slower with each one.
MOST_COUNTED = 10_000


M = TypeVar("M")


class Counted(NamedTuple):
    hour: dt.datetime
    outcome: str
    times: int


class Tried(NamedTuple):
    """A key that has expired, how often it was tried all the same, and in which hour last."""

    key: Application
    times: int
    last_hour: dt.datetime


@dataclass(frozen=True)
class Named:
    """A thing by its name, and the page it has, if any."""

    text: str
    path: str = ""


def names(db: Session, actor: Actor, guids: Collection[str]) -> Mapping[str, Named]:
    """Keys, banks and people of the actor's organization by their guids; a person also by the guid of the account."""
    found: dict[str, Named] = {}
    if not guids:
        return found
    keys = _of(applications.visible_to(actor), Application.guid, guids)
    for guid, name in db.execute(
        keys.with_only_columns(Application.guid, Application.name, maintain_column_froms=True)
    ):
        found[guid] = Named(name, f"/developers/keys/{guid}")
    places = _of(banks.visible_to(actor), Bank.guid, guids)
    for guid, name in db.execute(places.with_only_columns(Bank.guid, Bank.name, maintain_column_froms=True)):
        found[guid] = Named(name, f"/banks/{guid}")
    either = or_(Membership.guid.in_(guids), Membership.user_guid.in_(guids))
    for member in db.scalars(users.visible_to(actor).where(either)):
        named = Named(member.shown_name, "/team")
        found |= {member.guid: named, member.user_guid or member.guid: named}
    return found


def _of(rows: Select[M], column: InstrumentedAttribute[str], guids: Collection[str]) -> Select[M]:
    """The rows of these guids, each looked up by itself: given IN, SQLite walks through all the organization has."""
    words = [(guid,) for guid in sorted(guids)]
    wanted = values(Column("guid", String(32)), name="wanted").data(words).cte("wanted")
    return rows.join(wanted, wanted.c.guid == column)


def find_key(db: Session, actor: Actor, word: str) -> Application | None:
    """A key of either kind by its guid or client id."""
    rows = applications.visible_to(actor)
    # One after the other, for the same reason.
    by_client_id = db.scalar(rows.where(Application.client_id == word))
    return by_client_id or db.scalar(rows.where(Application.guid == word))


def find_person(db: Session, actor: Actor, guid: str) -> Membership | None:
    return db.scalar(users.visible_to(actor).where(Membership.guid == guid))


def usage(db: Session, actor: Actor, bank_guid: str, since: dt.datetime) -> Sequence[Counted]:
    """What became of requests with the keys of a bank, or of the whole organization, hour by hour."""
    table = OrganizationUsage
    rows = select(table.hour, table.outcome, table.count).where(
        table.organization_guid == actor.organization_guid,
        table.bank_guid == (bank_guid or EVERYWHERE),
        table.hour >= since,
    )
    return [Counted(*row) for row in db.execute(rows.order_by(table.hour, table.outcome))]


def ending(
    db: Session, actor: Actor, bank_guid: str, now: dt.datetime, until: dt.datetime, most: int
) -> Sequence[Application]:
    """Keys that will expire by then, the next one first."""
    rows = _living(actor, bank_guid).where(Application.expires_at > now, Application.expires_at <= until)
    return db.scalars(rows.order_by(Application.expires_at, Application.guid).limit(most)).all()


def still_tried(
    db: Session, actor: Actor, bank_guid: str, now: dt.datetime, since: dt.datetime, most: int
) -> Sequence[Tried]:
    """Expired keys that somebody has tried since, the most stubborn first."""
    latest = _living(actor, bank_guid).where(Application.expires_at <= now).order_by(Application.expires_at.desc())
    key = aliased(Application, latest.limit(MOST_EXPIRED).subquery())
    used = ApplicationUsage
    count, last_hour = func.sum(used.count).label("tried"), func.max(used.hour)
    rows = (
        select(key.guid, count, last_hour)
        .join(used, used.application_guid == key.guid)
        .where(used.outcome == EXPIRED, used.hour >= since)
        .group_by(key.guid)
        .order_by(count.desc(), key.guid)
    )
    found = {guid: (int(times), hour) for guid, times, hour in db.execute(rows.limit(most))}
    keys = db.scalars(_of(applications.visible_to(actor), Application.guid, found)) if found else ()
    tried = [Tried(each, *found[each.guid]) for each in keys]
    return sorted(tried, key=lambda one: (-one.times, one.key.guid))


def without_addresses(db: Session, actor: Actor, bank_guid: str, now: dt.datetime, most: int) -> Sequence[Application]:
    """Keys of a bank that production would refuse, the last used first."""
    rows = _living(actor, bank_guid).where(Application.expires_at > now, Application.ip_allowlist_text == "")
    last_used_first = (Application.last_used_at.desc().nulls_last(), Application.guid)
    return db.scalars(rows.order_by(*last_used_first).limit(most)).all()


def has_used_key(db: Session, actor: Actor) -> bool:
    """Whether any key has ever got a token."""
    return db.scalar(applications.visible_to(actor).where(Application.last_used_at.is_not(None)).limit(1)) is not None


def count_customers(db: Session, actor: Actor, bank_guid: str) -> int:
    """Up to one more than MOST_COUNTED."""
    rows = customers.visible_in(actor, bank_guid) if bank_guid else customers.visible_to(actor)
    some = rows.with_only_columns(Customer.guid, maintain_column_froms=True).limit(MOST_COUNTED + 1)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0


def has_customer(db: Session, actor: Actor) -> bool:
    return db.scalar(customers.visible_to(actor).limit(1)) is not None


def _living(actor: Actor, bank_guid: str) -> Select[Application]:
    rows = applications.visible_to(actor).where(Application.revoked_at.is_(None))
    return rows.where(Application.bank_guid == bank_guid) if bank_guid else rows
