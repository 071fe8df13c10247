"""From which addresses observed keys were used: counted in memory, and written beside the usage."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import Executable, Integer, String, bindparam, delete, tuple_
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.applications.models import OTHERS, SeenAddress
from ostiary.applications.observation import queries
from ostiary.applications.observation.queries import KEPT, MOST_ADDRESSES
from ostiary.db.batches import Columns, insert_or_update, packed, unpacked
from ostiary.db.model import Moment

ROW = ("application_guid", "address")


class Sightings:
    """How often each key was used from where; as little of it as is written, whoever comes from everywhere."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def add(self, application_guid: str, address: str, times: int = 1) -> None:
        mine = self._counts.setdefault(application_guid, Counter())
        mine[address if address in mine or len(mine) < MOST_ADDRESSES else OTHERS] += times

    def add_all(self, rows: Iterable[tuple[str, str, int]]) -> None:
        for row in rows:
            self.add(*row)

    def rows(self) -> Sequence[tuple[str, str, int]]:
        return sorted((guid, *each) for guid, counted in self._counts.items() for each in counted.items())


def write(db: Session, sightings: Sightings, *, is_sqlite: bool) -> None:
    db.execute(_statement(is_sqlite=is_sqlite), {"now": clock.now(), "rows": packed(sightings.rows())})


def prune(db: Session) -> None:
    """Forget addresses that were not seen for so long."""
    old = queries.by_age(clock.now() - KEPT)
    db.execute(delete(SeenAddress).where(tuple_(SeenAddress.application_guid, SeenAddress.address).in_(old)))


@lru_cache
def _statement(*, is_sqlite: bool) -> Executable:
    """Built once, like the others of the usage."""
    columns: Columns = {"application_guid": String(32), "address": String(45), "count": Integer()}
    now = bindparam("now", type_=Moment)
    seen = queries.by_place(unpacked(columns, is_sqlite=is_sqlite)).add_columns(
        now.label("first_seen_at"), now.label("last_seen_at")
    )
    row = insert_or_update(SeenAddress, is_sqlite=is_sqlite).from_select(seen.selected_columns.keys(), seen)
    again = {"last_seen_at": row.excluded["last_seen_at"], "count": SeenAddress.count + row.excluded["count"]}
    written: Executable = row.on_conflict_do_update(index_elements=ROW, set_=again)
    return written
