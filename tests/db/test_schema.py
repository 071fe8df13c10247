"""One schema on both databases: made by the migrations, equal to the tables, whoever starts first or dies half-way."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ostiary import migrations
from ostiary.db.store import Store
from ostiary.errors import ConfigurationError
from ostiary.house import House
from ostiary.migrations import alembic_runner
from ostiary.settings import Settings
from ostiary.tables import metadata
from tests.live import environment

START_SECONDS = 300


@pytest.fixture
def database_url(nothing_yet: str) -> str:
    """Here the schema is still to be made."""
    return nothing_yet


def command(*args: str, settings: Settings, folder: Path) -> "subprocess.Popen[bytes]":
    env = environment(settings.data_dir, settings.database_url.get_secret_value())
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def signing_keys(settings: Settings) -> int:
    house = House(settings)
    try:
        house.prepare()  # which opens the newest key with the master key
        with house.store.reading() as db:
            return db.scalar(sa.text("SELECT count(*) FROM signing_keys")) or 0
    finally:
        house.store.close()


def differences(connection: sa.Connection) -> Any:  # noqa: ANN401 - Alembic's own
    """Between the database and the tables, but for what the other database has alone."""

    def is_here(item: Any, *_: object) -> bool:  # noqa: ANN401 - Alembic's own
        return item.info.get("only_on") in {None, connection.dialect.name}

    options = {"compare_type": True, "compare_server_default": True, "include_object": is_here}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_makes_the_schema_the_tables_describe(store: Store) -> None:
    with store.engine.connect() as connection:
        assert differences(connection) == []


def test_names_constraints_alike_on_both_databases(store: Store) -> None:
    inspector = sa.inspect(store.engine)
    for table in metadata.sorted_tables:
        checks = {each["name"] for each in inspector.get_check_constraints(table.name)}
        assert checks == {each.name for each in table.constraints if isinstance(each, sa.CheckConstraint)}
        foreign = {each["name"] for each in inspector.get_foreign_keys(table.name)}
        assert foreign == {each.name for each in table.foreign_key_constraints}


def test_is_at_the_newest_revision_and_stays_there(store: Store) -> None:
    assert alembic_runner.newest() == migrations.HEAD
    assert migrations.revision(store) == migrations.HEAD
    migrations.upgrade(store)
    assert migrations.revision(store) == migrations.HEAD


def test_leaves_alembic_to_the_process_that_changes_the_schema(settings: Settings, tmp_path: Path) -> None:
    script = "import sys, ostiary.cli; print('alembic' in sys.modules)"
    said, _ = command("-c", script, settings=settings, folder=tmp_path).communicate(timeout=START_SECONDS)
    assert said == b"False\n"


def test_refuses_the_database_of_a_newer_release_unless_that_lets_it(store: Store) -> None:
    with store.writing() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    migrations.upgrade(store)
    assert migrations.revision(store) == "9999"
    with store.writing() as db:
        # Also by somebody who forgets that there is a row already.
        db.execute(sa.text("INSERT INTO schema_support VALUES ('9998')"))
    with pytest.raises(ConfigurationError, match="start the newer release"):
        migrations.upgrade(store)


def test_starts_four_processes_at_once_on_nothing(settings: Settings, tmp_path: Path) -> None:
    started = [command("-m", "ostiary", "migrate", "--json", settings=settings, folder=tmp_path) for _ in range(4)]
    for process in started:
        said, _ = process.communicate(timeout=START_SECONDS)
        assert process.returncode == 0, said.decode()
    assert signing_keys(settings) == 1


def test_migrates_the_database_whose_address_is_in_a_file(settings: Settings, tmp_path: Path) -> None:
    url = settings.database_url.get_secret_value()
    (tmp_path / "url").write_text(f"{url}\n")
    env = environment(settings.data_dir, url) | {"OSTIARY_DATABASE_URL_FILE": str(tmp_path / "url")}
    del env["OSTIARY_DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "migrate"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert signing_keys(settings) == 1


def test_takes_no_module_from_the_folder_it_is_started_in(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "alembic.py").write_text("raise SystemExit('a module of somebody else')\n")
    process = command("-P", "-m", "ostiary", "migrate", settings=settings, folder=tmp_path)
    said, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, said


STOPS_HALF_WAY = """
import os, signal
import sqlalchemy as sa
from alembic import op
from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from ostiary.settings import load
made = 0
original = op.create_table
def create_table(*args, **more):
    global made
    made += 1
    if made == {number}:
        print("half-way", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **more)
op.create_table = create_table
alembic_runner.upgrade(Store(load()))
print("done", flush=True)
"""


@pytest.mark.parametrize("number", [1, 5])
def test_migrates_after_a_death_half_way(settings: Settings, tmp_path: Path, number: int) -> None:
    process = command("-c", STOPS_HALF_WAY.format(number=number), settings=settings, folder=tmp_path)
    said, _ = process.communicate(timeout=START_SECONDS)
    assert (said, process.returncode) == (b"half-way\n", -signal.SIGKILL), said
    began = time.monotonic()
    house = House(settings)
    house.prepare()
    assert migrations.revision(house.store) == migrations.HEAD
    with house.store.engine.connect() as connection:
        assert differences(connection) == []
    house.store.close()
    assert time.monotonic() - began < START_SECONDS
