"""Run as a program: generates key pairs without end, each by the very steps of `ostiary keys create --json`.

Starting the command takes a second and the moment that matters lasts milliseconds; this repeats only that moment.
"""

import sys
import time

from ostiary.applications import service
from ostiary.cli import show
from ostiary.cli.keys import new_application
from ostiary.cli.local.keys import as_pair
from ostiary.cli.session import OPERATOR, writing

PAUSE_SECONDS = 0.002


def make_keys(bank_guid: str) -> None:
    with writing() as (house, _):
        pass
    while True:
        new = new_application("Made under fire", "1d", None)
        with house.store.writing() as db:
            pair = service.create_for_bank(db, OPERATOR, house.digester, bank_guid, new)
        show.pair(as_pair(pair), {}, json_wanted=True)
        sys.stdout.flush()
        # As long as the write: half of all kills still meet one, and a test can look through all that was made.
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    make_keys(sys.argv[1])
