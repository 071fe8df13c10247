"""A fresh database for each server: a file in its data folder, or one on a PostgreSQL server, dropped afterwards."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url


@contextmanager
def fresh(database: str, data_dir: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{data_dir / 'ostiary.db'}"
        return
    url = make_url(database).set(drivername="postgresql")
    name = f"ostiary_bench_{secrets.token_hex(4)}"
    plain = url.render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
