"""Run as a program: for each line it reads, a child of it does what the line says, once it is let.

The child is ready, with everything loaded and its database open, when it has stopped itself; whoever watches it lets it
go on with SIGCONT. What it shows it shows as the command line does: after the commit, on a descriptor of its own.
"""

import json
import os
import signal
import sys

from ostiary.access.actor import Actor
from ostiary.applications import queries, service
from ostiary.applications.models import ApplicationKind
from ostiary.cli.keys import new_application
from ostiary.house import House
from ostiary.settings import load

OPERATOR = Actor.operator()


def create(house: House, bank_guid: str) -> object:
    new = new_application("Made step by step", "1d", None)
    with house.store.writing() as db:
        made = service.create_for_bank(db, OPERATOR, house.digester, bank_guid, new)
    return {"client_id": made.application.client_id, "client_secret": made.secret}


def revoke(house: House, client_id: str) -> object:
    with house.store.writing() as db:
        service.revoke(db, OPERATOR, ApplicationKind.BANK, client_id)
    return {"revoked": client_id}


ACTIONS = {"create": create, "revoke": revoke}


def child(action: str, subject: str, shown: str) -> None:
    house = House(load())
    with house.store.reading() as db:
        queries.find(db, OPERATOR, ApplicationKind.BANK, subject)
    descriptor = os.open(shown, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.kill(os.getpid(), signal.SIGSTOP)
    told = ACTIONS[action](house, subject)
    os.write(descriptor, json.dumps(told).encode())
    os._exit(0)


def tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                child(*line.split())
            finally:
                os._exit(1)
        tell(pid)
        _, status = os.waitpid(pid, 0)
        tell(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
