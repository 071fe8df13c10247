"""Very many keys, written in bulk: copies of the first key's rows with ids, client ids and digests of their own."""

import secrets
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from bench.exchange import Pair
from bench.servers import Home
from ostiary.applications.credentials import Digester, new_client_id, new_secret
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.banks.models import Bank
from ostiary.crypto import guids, master_key
from ostiary.db.model import Model
from ostiary.db.store import Store
from ostiary.settings import Settings

KEYS_PER_BANK = 100
KEYS_PER_COMMIT = 20_000

Row = dict[str, Any]


def fill(home: Home, keys: int, active: int) -> list[Pair]:
    """Returns `active` pairs that work, spread evenly over all; of the others nobody knows the secret."""
    settings = settings_of(home)
    store = Store(settings)
    try:
        with store.reading() as db:
            copier = Copier(db, home.pair, Digester(master_key.load(settings)), max(1, keys // active))
        for first in range(0, keys, KEYS_PER_COMMIT):
            with store.writing() as db:
                copier.add(db, first, min(first + KEYS_PER_COMMIT, keys))
        tidy(store)
    finally:
        store.close()
    # Neither the order of the rows nor that of an index, so that look-ups find no neighbours in the cache.
    return sorted(copier.pairs, key=lambda pair: pair.client_secret)[:active]


def settings_of(home: Home) -> Settings:
    return Settings(
        data_dir=home.data_dir,
        database_url=SecretStr(home.database_url),
        master_key=SecretStr(home.env["OSTIARY_MASTER_KEY"]),
    )


class Copier:
    def __init__(self, db: Session, first: Pair, digester: Digester, every: int) -> None:
        self.digester = digester
        self.every = every
        self.pairs: list[Pair] = []
        self.application = row(db, Application, Application.client_id == first.client_id)
        self.secret = row(db, ApplicationSecret, ApplicationSecret.application_guid == self.application["guid"])
        self.bank = row(db, Bank, Bank.guid == self.application["bank_guid"])

    def add(self, db: Session, first: int, end: int) -> None:
        banks: list[Row] = []
        applications: list[Row] = []
        kept: list[Row] = []
        for number in range(first, end):
            if number % KEYS_PER_BANK == 0:
                banks.append({**self.bank, "guid": guids.new(), "name": f"Bank {number // KEYS_PER_BANK}"})
            client_id, digest = self.credential(number)
            ids = {"guid": guids.new(), "client_id": client_id, "bank_guid": banks[-1]["guid"]}
            applications.append({**self.application, **ids})
            kept.append({**self.secret, "guid": guids.new(), "application_guid": ids["guid"], "digest": digest})
        for model, rows in ((Bank, banks), (Application, applications), (ApplicationSecret, kept)):
            db.execute(sa.insert(table_of(model)), rows)

    def credential(self, number: int) -> tuple[str, bytes]:
        """A client id, and the digest of a secret: of one that is remembered, or of none."""
        if number % self.every:
            return f"ostid_{secrets.token_hex(19)}", secrets.token_bytes(32)
        pair = Pair(new_client_id(), new_secret("sandbox"))
        self.pairs.append(pair)
        return pair.client_id, self.digester.digest(pair.client_secret).value


def table_of(model: type[Model]) -> sa.Table:
    return Model.metadata.tables[model.__tablename__]


def row(db: Session, model: type[Model], condition: sa.ColumnElement[bool]) -> Row:
    return dict(db.execute(sa.select(table_of(model)).where(condition)).mappings().one())


def tidy(store: Store) -> None:
    """What PostgreSQL would otherwise do by itself in the middle of the measurement."""
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
