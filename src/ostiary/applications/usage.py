"""How much keys are used: counted in memory, written in one batch a second. A crash may lose that second."""

import datetime as dt
import threading
from collections import Counter

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from ostiary import clock
from ostiary.applications.models import Application, ApplicationUsage
from ostiary.db.store import Store

KEPT = dt.timedelta(days=35)
UNKNOWN = ""


class Usage:
    """Counts by hour, key and outcome, and where each key was last used from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last_used: dict[str, str] = {}
        self._pruned_hour: dt.datetime | None = None

    def count(self, application_guid: str, outcome: str) -> None:
        with self._lock:
            self._counts[application_guid, outcome] += 1

    def used(self, application_guid: str, outcome: str, address: str) -> None:
        with self._lock:
            self._counts[application_guid, outcome] += 1
            self._last_used[application_guid] = address

    def write(self, store: Store) -> None:
        """Put what was counted since the last call into the database, in one transaction."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            last_used, self._last_used = self._last_used, {}
        if not counts:
            return
        now = clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        insert = sqlite.insert if store.is_sqlite else postgresql.insert
        with store.writing() as db:
            for (guid, outcome), number in sorted(counts.items()):
                row = insert(ApplicationUsage).values(hour=hour, application_guid=guid, outcome=outcome, count=number)
                key = [ApplicationUsage.hour, ApplicationUsage.application_guid, ApplicationUsage.outcome]
                more = {"count": ApplicationUsage.count + row.excluded["count"]}
                db.execute(row.on_conflict_do_update(index_elements=key, set_=more))
            for guid, address in sorted(last_used.items()):
                change = update(Application).where(Application.guid == guid)
                seen = {"last_used_at": now, "last_used_from": address, "updated_at": Application.updated_at}
                db.execute(change.values(**seen), execution_options={"synchronize_session": False})
            if hour != self._pruned_hour:
                db.execute(delete(ApplicationUsage).where(ApplicationUsage.hour < hour - KEPT))
                self._pruned_hour = hour
