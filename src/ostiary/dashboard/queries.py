"""What pages of several slices show: names, use summed up, keys that need somebody; each slice asked for its own."""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ostiary.access.actor import Actor
from ostiary.applications import queries as applications
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer
from ostiary.db.days import day_of
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
    keys = _of(db, applications.visible_to(actor), Application.guid, guids)
    for guid, name in db.execute(
        keys.with_only_columns(Application.guid, Application.name, maintain_column_froms=True)
    ):
        found[guid] = Named(name, f"/developers/keys/{guid}")
    places = _of(db, banks.visible_to(actor), Bank.guid, guids)
    for guid, name in db.execute(places.with_only_columns(Bank.guid, Bank.name, maintain_column_froms=True)):
        found[guid] = Named(name, f"/banks/{guid}")
    either = or_(Membership.guid.in_(guids), Membership.user_guid.in_(guids))
    for member in db.scalars(users.visible_to(actor).where(either)):
        named = Named(member.shown_name, "/team")
        found |= {member.guid: named, member.user_guid or member.guid: named}
    return found


def _of(db: Session, rows: Select[M], column: InstrumentedAttribute[str], guids: Collection[str]) -> Select[M]:
    """The rows of these guids, each looked up by itself."""
    if db.get_bind().dialect.name != "sqlite":
        return rows.where(column.in_(guids))
    # Given IN, SQLite walks through all the organization has; the limit keeps it from taking this apart and doing so
    # all the same. As one value, since then the statement is made only once, however many guids there are.
    each = func.json_each(json.dumps(sorted(guids))).table_valued("value")
    wanted = select(each.c.value).limit(len(guids)).subquery("wanted")
    return rows.join(wanted, wanted.c.value == column)


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
    rows = _used(actor, bank_guid, since).with_only_columns(table.hour, table.outcome, table.count)
    return [Counted(*row) for row in db.execute(rows.order_by(table.hour, table.outcome))]


def usage_by_day(
    db: Session, actor: Actor, bank_guid: str, since: dt.datetime, until: dt.datetime
) -> Sequence[Counted]:
    """The same summed up by days in UTC, each told by its first hour."""
    table = OrganizationUsage
    rows = (
        _used(actor, bank_guid, since)
        .where(table.hour < until)
        .with_only_columns(func.min(table.hour), table.outcome, func.sum(table.count))
        .group_by(day_of(db, table.hour), table.outcome)
    )
    found = [Counted(hour, outcome, int(times)) for hour, outcome, times in db.execute(rows)]
    return sorted(found)


def _used(actor: Actor, bank_guid: str, since: dt.datetime) -> Select[OrganizationUsage]:
    table = OrganizationUsage
    return select(table).where(
        table.organization_guid == actor.organization_guid,
        table.bank_guid == (bank_guid or EVERYWHERE),
        table.hour >= since,
    )


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
    keys = db.scalars(_of(db, applications.visible_to(actor), Application.guid, found)) if found else ()
    tried = [Tried(each, *found[each.guid]) for each in keys]
    return sorted(tried, key=lambda one: (-one.times, one.key.guid))


def without_addresses(db: Session, actor: Actor, bank_guid: str, now: dt.datetime, most: int) -> Sequence[Application]:
    """Keys of a bank that production would refuse, the last used first."""
    rows = _living(actor, bank_guid).where(Application.expires_at > now, Application.ip_allowlist_text == "")
    last_used_first = (Application.last_used_at.desc().nulls_last(), Application.guid)
    return db.scalars(rows.order_by(*last_used_first).limit(most)).all()


def has_used_key(db: Session, actor: Actor) -> bool:
    """Whether any key has ever got a token."""
    used = applications.visible_to(actor).where(Application.last_used_at.is_not(None))
    return bool(db.scalar(select(exists(used))))


def count_customers(db: Session, actor: Actor, bank_guid: str) -> int:
    """Up to one more than MOST_COUNTED."""
    rows = customers.visible_in(actor, bank_guid) if bank_guid else customers.visible_to(actor)
    some = rows.with_only_columns(Customer.guid, maintain_column_froms=True).limit(MOST_COUNTED + 1)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0


def has_customer(db: Session, actor: Actor) -> bool:
    return bool(db.scalar(select(exists(customers.visible_to(actor)))))


def _living(actor: Actor, bank_guid: str) -> Select[Application]:
    rows = applications.visible_to(actor).where(Application.revoked_at.is_(None))
    return rows.where(Application.bank_guid == bank_guid) if bank_guid else rows
