"""How much keys are used: counted in memory, written in one batch a second. A crash may lose that second.

Where a key was last used from is written with it when that is news, and otherwise once a minute: of a million keys,
each stands on a page of its own, and a page that is written costs as much as the token.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Executable, Integer, Select, String, Table, bindparam, delete, update

from ostiary import clock
from ostiary.applications import queries
from ostiary.applications.models import Application, ApplicationUsage, OrganizationUsage
from ostiary.applications.observation import sightings
from ostiary.applications.observation.sightings import Sightings
from ostiary.db.batches import Columns, insert_or_update, packed, unpacked
from ostiary.db.model import Moment
from ostiary.db.store import Store

KEPT = dt.timedelta(days=35)
MARKED = dt.timedelta(minutes=1)
BY_KEY = ("hour", "application_guid", "outcome")
BY_OWNER = ("organization_guid", "bank_guid", "hour", "outcome")

Counted = Select[*tuple[Any, ...]]


class Usage:
    """Counts by hour, key and outcome, and where each key was last used from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last_used: dict[str, str] = {}
        # What the database says of the keys that were used since.
        self._marked: dict[str, str] = {}
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

    def write(self, store: Store) -> None:
        """Put what was counted since the last call into the database, in one transaction.

        Whoever comes while another writes waits: what that one took is in the database afterwards, too.
        """
        with self._writing:
            self._write_all(store)

    def _write_all(self, store: Store) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
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
                self._last_used = {**last_used, **self._last_used}
                self._sightings.add_all(seen.rows())
            raise

    def _write(
        self, store: Store, counts: Mapping[tuple[str, str], int], last_used: Mapping[str, str], seen: Sightings
    ) -> None:
        now = clock.now()
        if not dt.timedelta() <= now - self._marked_since < MARKED:
            self._marked, self._marked_since = {}, now
        news = {guid: address for guid, address in last_used.items() if self._marked.get(guid) != address}
        hour = now.replace(minute=0, second=0, microsecond=0)
        statements = _statements(is_sqlite=store.is_sqlite)
        # In order: two servers that write at once wait for each other, never in a circle.
        counted = {"hour": hour, "rows": packed((*key, count) for key, count in sorted(counts.items()))}
        marked = {"now": now, "rows": packed(sorted(news.items()))}
        with store.writing() as db:
            db.execute(statements.by_key, counted)
            db.execute(statements.by_owner, counted)
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


class _Statements(NamedTuple):
    by_key: Executable
    by_owner: Executable
    last_used: Executable


@lru_cache
def _statements(*, is_sqlite: bool) -> _Statements:
    """Built once: that takes as long as writing the use of three hundred keys."""
    columns: Columns = {"application_guid": String(32), "outcome": String(32), "count": Integer()}
    hour = bindparam("hour", type_=Moment).label("hour")
    counted = unpacked(columns, is_sqlite=is_sqlite).add_columns(hour)
    return _Statements(
        _add(ApplicationUsage, BY_KEY, counted, is_sqlite=is_sqlite),
        # Sums, so that no page has to add up ten thousand keys.
        _add(OrganizationUsage, BY_OWNER, queries.by_owner(counted), is_sqlite=is_sqlite),
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
