"""Two units of work at the same moment: the second begins while the first is done but not committed."""

import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from ostiary.db.store import Store
from ostiary.errors import Problem

WAIT_SECONDS = 10
# More than what waits would have taken, password included.
NOTICED_SECONDS = 0.6


def refused_after(store: Store, first: Callable[[Session], object], second: Callable[[], object]) -> str:
    """Begins the second while the first is done but not committed; the code of the second's refusal, if any."""
    refused: list[Problem] = []

    def run() -> None:
        try:
            second()
        except Problem as problem:
            refused.append(problem)

    other = threading.Thread(target=run)
    with store.writing() as db:
        first(db)
        other.start()
        other.join(NOTICED_SECONDS)
        assert other.is_alive(), "it did not wait"
    other.join(WAIT_SECONDS)
    assert not other.is_alive(), "it waits for ever"
    return refused[0].message_code if refused else ""


def written(store: Store, work: Callable[[Session], object]) -> Callable[[], object]:
    def run() -> object:
        with store.writing() as db:
            return work(db)

    return run
