"""Run as a program: `ostiary serve` with two connections to the database, and nobody may have more."""

import sys

from ostiary.cli.program import main
from ostiary.db import store

if __name__ == "__main__":
    store.POOL_SIZE, store.POOL_OVERFLOW = 2, 0
    sys.argv = ["ostiary", "serve"]
    main()
