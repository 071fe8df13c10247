"""Every test has a database of its own, but what SQLAlchemy compiled for one of them serves all that are alike.

Each engine has a cache of its own: to compile every statement anew for each test takes a quarter of their time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from ostiary.db.store import Store
from ostiary.settings import Settings


class Shared(NamedTuple):
    dialect: sa.Dialect
    compiled: dict[Any, Any]


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """As long as it lasts, every new store takes over what stores before it have compiled."""
    shared: dict[str, Shared] = {}
    original = Store.__init__

    def init(store: Store, settings: Settings) -> None:
        original(store, settings)
        name = store.engine.dialect.name
        if name not in shared:
            mine = Shared(store.engine.dialect, {})
            # Only a connection tells a dialect which version it speaks to.
            sa.event.listen(store.engine, "engine_connect", lambda _: shared.setdefault(name, mine))
            return
        for engine in (store.engine, store._writer):
            engine.dialect = shared[name].dialect
            engine.update_execution_options(compiled_cache=shared[name].compiled)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "__init__", init)
        yield
