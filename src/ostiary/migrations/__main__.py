"""`python -m ostiary.migrations`: what a server starts when its database is behind."""

import sys

from ostiary.db.store import Store
from ostiary.errors import ConfigurationError, StoreUnavailable
from ostiary.migrations import UNAVAILABLE, alembic_runner
from ostiary.settings import load


def main() -> None:
    try:
        store = Store(load())
        try:
            alembic_runner.upgrade(store)
        finally:
            store.close()
    except ConfigurationError as error:
        sys.exit(str(error))
    except StoreUnavailable:
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    main()
