"""From SQLite to PostgreSQL with one command: every row, every key, and nothing half-way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ostiary.crypto.master_key import FILE_NAME
from ostiary.recovery import moving
from ostiary.tables import metadata
from tests.apps import app_on, client_of
from tests.durability.direct import Pair, office
from tests.live import HOST
from tests.people import add_person
from tests.postgres import Postgres, running_postgres
from tests.recovery.site import Site, ask, on_postgresql, token


@pytest.fixture(scope="module")
def target() -> Iterator[Postgres]:
    """Whichever database is under test: from the one to the other takes both."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def env(site: Site, target: Postgres) -> dict[str, str]:
    return {
        "OSTIARY_DATABASE_URL": target.url(target.create_database()),
        "OSTIARY_MASTER_KEY_FILE": str(site.data / FILE_NAME),
    }


@pytest.fixture
def pairs(site: Site) -> list[Pair]:
    with site.office() as opened:
        bank = opened.bank()
        add_person(opened.house.store, "Carol", password="correct horse battery")
        found = [opened.key(bank, "Zoë", "192.0.2.0/24", HOST) for _ in range(3)]
        opened.revoke(found[2].client_id)
    return found


def counted(table: sa.Table) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(table)


def rows(url: str) -> dict[str, int]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            each.name: connection.scalar(sa.select(sa.func.count()).select_from(each))
            for each in metadata.sorted_tables
        }
    engine.dispose()
    return {name: number for name, number in found.items() if number}


def test_moves_every_row_and_every_key(site: Site, env: dict[str, str], pairs: list[Pair]) -> None:
    with site.served() as client:
        old_token = token(client, pairs[0])
    before = rows(f"sqlite:///{site.database}")
    told = site.cli("move", "--from", str(site.database), "--yes", **env)
    assert rows(env["OSTIARY_DATABASE_URL"]) == before
    assert told["tables"]["applications"] == 3
    assert not site.database.exists()
    assert Path(told["kept"]).exists()
    settings = on_postgresql(site.settings, env["OSTIARY_DATABASE_URL"]).model_copy(
        update={"master_key_file": Path(env["OSTIARY_MASTER_KEY_FILE"])}
    )
    with app_on(settings) as made:
        client = client_of(made, settings, HOST)
        assert [ask(client, pair)[0] for pair in pairs] == [200, 200, 401]
        assert client.get("/api/banks", headers={"Authorization": f"Bearer {old_token}"}).status_code == 200
    with office(settings) as opened:
        assert opened.key(opened.bank("South", "Globex")).client_id


def test_moves_into_nothing_that_is_not_empty(site: Site, env: dict[str, str], pairs: list[Pair]) -> None:
    site.cli("init", "--organization", "Globex", "--bank", "South", **env)
    before = rows(env["OSTIARY_DATABASE_URL"])
    said = site.refused("move", "--from", str(site.database), "--yes", **env)
    assert "not empty" in said
    assert rows(env["OSTIARY_DATABASE_URL"]) == before
    works_still(site, pairs)


def works_still(site: Site, pairs: list[Pair]) -> None:
    with site.served() as client:
        assert ask(client, pairs[0])[0] == 200


def test_moves_nothing_under_another_master_key(site: Site, env: dict[str, str], pairs: list[Pair]) -> None:
    other = {"OSTIARY_MASTER_KEY_FILE": "", "OSTIARY_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
    del env["OSTIARY_MASTER_KEY_FILE"]
    said = site.refused(
        "move", "--from", str(site.database), "--yes", **env, OSTIARY_MASTER_KEY=other["OSTIARY_MASTER_KEY"]
    )
    assert "master key does not fit" in said
    assert rows(env["OSTIARY_DATABASE_URL"]).keys() <= {"schema_support"}
    works_still(site, pairs)


def test_moves_nothing_while_a_server_has_the_database(site: Site, env: dict[str, str], pairs: list[Pair]) -> None:
    with site.serving():
        assert "in use" in site.refused("move", "--from", str(site.database), "--yes", **env)
    works_still(site, pairs)


def test_leaves_nothing_half_way(
    site: Site, env: dict[str, str], pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is another one there than here, in the last table: nothing is there, everything is here."""
    as_always = moving._digest
    last = moving.TABLES[-1]

    def differs(connection: sa.Connection, table: sa.Table) -> tuple[int, int]:
        count, total = as_always(connection, table)
        return count, total + (table is last and connection.dialect.name == "postgresql")

    monkeypatch.setattr(moving, "_digest", differs)
    assert "not the same" in site.refused("move", "--from", str(site.database), "--yes", **env)
    assert rows(env["OSTIARY_DATABASE_URL"]).keys() <= {"schema_support"}
    works_still(site, pairs)


def test_says_what_it_needs(site: Site, env: dict[str, str], tmp_path: Path) -> None:
    assert "must name the PostgreSQL" in site.refused("move", "--from", str(site.database), "--yes")
    assert "no database" in site.refused("move", "--from", str(tmp_path / "nowhere.db"), "--yes", **env)
