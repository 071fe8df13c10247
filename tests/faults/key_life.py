"""Run as a program: makes keys and revokes every other one, on connections that stay open, and says so after each.

With NORMAL as the last argument commits are not synced: the control of the power cuts.
"""

import json
import os
import sys

import sqlalchemy as sa

from ostiary.applications import service
from ostiary.applications.models import ApplicationKind
from ostiary.cli.keys import new_application
from ostiary.cli.session import OPERATOR
from ostiary.house import House
from ostiary.settings import load


def live(bank_guid: str, synchronous: str) -> None:
    house = House(load())
    sa.event.listen(house.store.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous = {synchronous}"))
    for number in range(100_000):
        new = new_application("Made before the power went", "1d", None)
        with house.store.writing() as db:
            made = service.create_for_bank(db, OPERATOR, house.digester, bank_guid, new)
        tell("made", made.application.client_id)
        if number % 2:
            with house.store.writing() as db:
                service.revoke(db, OPERATOR, ApplicationKind.BANK, made.application.client_id)
            tell("revoked", made.application.client_id)


def tell(what: str, client_id: str) -> None:
    """In one write, which is what a caller gets or does not get."""
    os.write(1, json.dumps({what: client_id}).encode() + b"\n")


if __name__ == "__main__":
    live(sys.argv[1], sys.argv[2])
