"""How much keys are used: counted in memory, written in batches. A crash may lose what was not written yet.

That is a second at most of anything that is news: a refusal, a use from another address, the first use in a minute.
More of the same waits for up to five, because after every write the fast lane reads its pages anew. Where a key was
last used from is written only when it is news: of a million keys, each stands on a page of its own.
"""

import datetime as dt
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Executable, Integer, Select, String, Table, bindparam, delete, update
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.applications import queries
from ostiary.applications.models import EVERYWHERE, Application, ApplicationUsage, OrganizationUsage
from ostiary.applications.observation import sightings
from ostiary.applications.observation.sightings import Sightings
from ostiary.applications.outcomes import ISSUED
from ostiary.db.batches import Columns, insert_or_update, packed, unpacked
from ostiary.db.model import Moment
from ostiary.db.store import Store

KEPT = dt.timedelta(days=35)
MARKED = dt.timedelta(minutes=1)
BY_KEY = ("hour", "application_guid", "outcome")
BY_OWNER = ("organization_guid", "bank_guid", "hour", "outcome")

Counted = Select[*tuple[Any, ...]]
Owner = tuple[str, str]


class Usage:
    """Counts by hour, key and outcome, and where each key was last used from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        # By outcome, since the start: of what is written, or being written.
        self._totals: Counter[str] = Counter()
        self._last_used: dict[str, str] = {}
        # What the database says of the keys that were used since.
        self._marked: dict[str, str] = {}
        self._owners: dict[str, Owner] = {}
        self._marked_since = clock.now()
        self._sightings = Sightings()
        self._pruned_hour: dt.datetime | None = None

    def count(self, application_guid: str, outcome: str) -> None:
        with self._lock:
            self._counts[application_guid, outcome] += 1

    def used(self, outcome: str, uses: Sequence[tuple[str, str]]) -> None:
        """Each use is a key's guid, and the address it was used from."""
        with self._lock:
            self._counts.update([(application_guid, outcome) for application_guid, _ in uses])
            self._last_used.update(uses)

    def known(self, application_guid: str, address: str) -> None:
        """A key's secret was right, so somebody has it, whatever came of the request and however that is counted."""
        with self._lock:
            self._last_used[application_guid] = address

    def saw(self, application_guid: str, address: str) -> None:
        """An observed key was used, or a token of it."""
        with self._lock:
            self._sightings.add(application_guid, address)

    def totals(self) -> Counter[str]:
        """How often each outcome came since the start of this process."""
        with self._lock:
            return self._totals + _by_outcome(self._counts)

    def write_news(self, store: Store) -> None:
        """As `write`, unless all that was counted is more of the same."""
        is_new_minute = not self._is_marked_at(clock.now())
        with self._lock:
            is_news = (
                bool(self._sightings)
                or (is_new_minute and bool(self._last_used))
                or any(outcome != ISSUED for _, outcome in self._counts)
                or any(self._marked.get(guid) != address for guid, address in self._last_used.items())
            )
        if is_news:
            self.write(store)

    def write(self, store: Store) -> None:
        """Put what was counted since the last call into the database, in one transaction.

        Whoever comes while another writes waits: what that one took is in the database afterwards, too.
        """
        with self._writing:
            self._write_all(store)

    def _write_all(self, store: Store) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._totals += _by_outcome(counts)
            last_used, self._last_used = self._last_used, {}
            seen, self._sightings = self._sightings, Sightings()
        if not (counts or last_used or seen):
            return
        try:
            self._write(store, counts, last_used, seen)
        except Exception:
            # The database is away: what was counted waits for the next attempt.
            with self._lock:
                self._counts.update(counts)
                self._totals -= _by_outcome(counts)
                self._last_used = {**last_used, **self._last_used}
                self._sightings.add_all(seen.rows())
            raise

    def _write(
        self, store: Store, counts: Mapping[tuple[str, str], int], last_used: Mapping[str, str], seen: Sightings
    ) -> None:
        now = clock.now()
        if not self._is_marked_at(now):
            self._marked, self._owners, self._marked_since = {}, {}, now
        news = {guid: address for guid, address in last_used.items() if self._marked.get(guid) != address}
        hour = now.replace(minute=0, second=0, microsecond=0)
        statements = _statements(is_sqlite=store.is_sqlite)
        # In order: two servers that write at once wait for each other, never in a circle.
        counted = {"hour": hour, "rows": packed((*key, count) for key, count in sorted(counts.items()))}
        marked = {"now": now, "rows": packed(sorted(news.items()))}
        with store.writing() as db:
            db.execute(statements.by_key, counted)
            self._look_up_owners(db, statements, {guid for guid, _ in counts})
            sums = {"hour": hour, "rows": packed((*key, count) for key, count in sorted(self._summed(counts).items()))}
            db.execute(statements.by_owner, sums)
            if news:
                db.execute(statements.last_used, marked)
            if seen:
                sightings.write(db, seen, is_sqlite=store.is_sqlite)
            if hour != self._pruned_hour:
                for table in (ApplicationUsage, OrganizationUsage):
                    db.execute(delete(table).where(table.hour < hour - KEPT))
                sightings.prune(db)
                self._pruned_hour = hour
        self._marked |= news

    def _is_marked_at(self, now: dt.datetime) -> bool:
        """Whether what was marked is of this minute; a clock that was set back is no reason to wait for it."""
        return dt.timedelta() <= now - self._marked_since < MARKED

    def _look_up_owners(self, db: Session, statements: "_Statements", guids: set[str]) -> None:
        """Of keys used for the first time in this minute: a key stays with its owner, and is on a page of its own."""
        strange = sorted(guids - self._owners.keys() - {""})
        if strange:
            for guid, *owner in db.execute(statements.owners, {"rows": packed((guid,) for guid in strange)}):
                # One text for all of its keys.
                organization_guid, bank_guid = map(sys.intern, owner)
                self._owners[guid] = organization_guid, bank_guid

    def _summed(self, counts: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str, str]]:
        """By owner and outcome, and once more over everything an organization has."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for (guid, outcome), count in counts.items():
            # Callers that nobody knows have no owner.
            if owner := self._owners.get(guid):
                organization_guid, bank_guid = owner
                sums[organization_guid, bank_guid, outcome] += count
                sums[organization_guid, EVERYWHERE, outcome] += count
        return sums


def _by_outcome(counts: Mapping[tuple[str, str], int]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for (_, outcome), count in counts.items():
        totals[outcome] += count
    return totals


class _Statements(NamedTuple):
    by_key: Executable
    by_owner: Executable
    owners: Executable
    last_used: Executable


@lru_cache
def _statements(*, is_sqlite: bool) -> _Statements:
    """Built once: that takes as long as writing the use of three hundred keys."""
    hour = bindparam("hour", type_=Moment).label("hour")
    counted: Columns = {"outcome": String(32), "count": Integer()}
    by_key = unpacked({"application_guid": String(32), **counted}, is_sqlite=is_sqlite)
    by_owner = unpacked({"organization_guid": String(32), "bank_guid": String(32), **counted}, is_sqlite=is_sqlite)
    return _Statements(
        _add(ApplicationUsage, BY_KEY, by_key.add_columns(hour), is_sqlite=is_sqlite),
        # Sums, so that no page has to add up ten thousand keys.
        _add(OrganizationUsage, BY_OWNER, by_owner.add_columns(hour), is_sqlite=is_sqlite),
        queries.by_use(unpacked({"guid": String(32)}, is_sqlite=is_sqlite)),
        _mark(is_sqlite=is_sqlite),
    )


def _add(
    table: type[ApplicationUsage] | type[OrganizationUsage], key: Sequence[str], counted: Counted, *, is_sqlite: bool
) -> Executable:
    row = insert_or_update(table, is_sqlite=is_sqlite).from_select(counted.selected_columns.keys(), counted)
    more = {"count": table.count + row.excluded["count"]}
    added: Executable = row.on_conflict_do_update(index_elements=key, set_=more)
    return added


def _mark(*, is_sqlite: bool) -> Executable:
    columns: Columns = {"guid": String(32), "address": String(45)}
    rows = unpacked(columns, is_sqlite=is_sqlite).subquery()
    # Being used is no change of the key, so the moment of its last change stays.
    seen = {
        "last_used_at": bindparam("now", type_=Moment),
        "last_used_from": rows.c.address,
        "updated_at": Application.updated_at,
    }
    return update(cast("Table", Application.__table__)).where(Application.guid == rows.c.guid).values(seen)
