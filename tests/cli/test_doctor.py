"""`ostiary doctor`: it finds what is wrong with an installation and says how to mend it, and changes nothing."""

import base64
import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ostiary import clock, migrations
from ostiary.db import sqlite
from ostiary.db.store import Store
from ostiary.settings import Settings
from tests.cli.conftest import Run, strict_json
from tests.conftest import Database
from tests.live import HOST, MASTER_KEY, environment, free_port, start_server
from tests.postgres import Postgres, running_replica
from tests.proxies.nginx import running_nginx
from tests.redis_server import running_redis

ELSEWHERE = "127.0.0.2"
HTTP = """
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://{host}:{upstream};
            proxy_bind {elsewhere};
            {more}
        }}
    }}
"""


def findings(said: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - whatever the command prints
    return {one["name"]: one for one in said["findings"]}


def wrong(run: Run, name: str, **env: str) -> str:
    """What the doctor says of the one thing that is wrong, and how to mend it."""
    done = run("doctor", "--json", **env)
    assert done.returncode == 1, done.stdout
    said = strict_json(done._replace(returncode=0))
    (found,) = (one for one in said["findings"] if not one["is_fine"])
    assert found["name"] == name
    assert not said["is_fine"]
    assert found["what_to_do"].endswith(".") or ": " in found["what_to_do"]
    shown = run("doctor", **env)
    assert (shown.returncode, f"LOOK {name}: " in shown.stdout) == (1, True)
    assert f"\n     {found['what_to_do']}\n" in shown.stdout
    return f"{found['message']} | {found['what_to_do']}"


def test_finds_nothing_wrong_with_a_new_installation(run: Run, database: Database) -> None:
    run("migrate")
    said = strict_json(run("doctor", "--json"))
    found = findings(said)
    assert said["is_fine"]
    assert all(one["is_fine"] and not one["what_to_do"] for one in found.values())
    of_the_database = {"sqlite", "permissions"} if database == "sqlite" else {"fsync", "synchronous_commit"}
    assert found.keys() >= {"versions", "schema", "clock", "signing keys", "keys", "public address", *of_the_database}


def test_says_the_same_to_people(run: Run) -> None:
    run("migrate")
    shown = run("doctor")
    assert shown.returncode == 0
    assert all(line.startswith("ok   ") for line in shown.stdout.splitlines())


def test_names_the_loaded_sqlite_and_its_race(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    for needs_lock, words in ((True, "has the WAL-reset race"), (False, "is without the race")):
        monkeypatch.setattr(sqlite, "NEEDS_LOCK", needs_lock)
        found = findings(strict_json(run("doctor", "--json")))
        if database == "sqlite":
            assert found["sqlite"]["message"].startswith(f"{sqlite3.sqlite_version} {words}")
        else:
            assert "sqlite" not in found


def test_says_when_there_is_no_signing_key_yet(run: Run) -> None:
    assert "start the server" in wrong(run, "signing keys")


def test_notices_a_database_of_another_release(run: Run, store: Store) -> None:
    def at(revision: str) -> None:
        with store.writing() as db:
            db.execute(sa.text("UPDATE alembic_version SET version_num = :number"), {"number": revision})

    at("0001")
    assert "run: ostiary migrate" in wrong(run, "schema")
    assert migrations.revision(store) == "0001"
    at("9999")
    schema = findings(strict_json(run("doctor", "--json")))["schema"]
    assert schema["is_fine"]
    assert "at 9999, of a newer release with which this one" in schema["message"]
    with store.writing() as db:
        db.execute(sa.text("UPDATE schema_support SET oldest_revision = '9999'"))
    assert "Install the newer release again" in wrong(run, "schema")


def test_notices_a_database_that_does_not_answer(run: Run, database: Database, tmp_path: Path) -> None:
    if database == "postgresql":
        url = f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"
        assert "correct OSTIARY_DATABASE_URL" in wrong(run, "schema", OSTIARY_DATABASE_URL=url)
    else:
        # A file is there as soon as somebody asks for it.
        assert "not made yet" in wrong(run, "schema", OSTIARY_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")


def test_notices_a_wrong_clock(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    # A database of its own tells the time; a file can only tell that 2020 is over.
    wrong_now = (
        clock.now() + dt.timedelta(minutes=1) if database == "postgresql" else dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    monkeypatch.setattr(clock, "now", lambda: wrong_now)
    assert "time service" in wrong(run, "clock")


def test_notices_files_and_folders_that_are_open_to_others(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(0o700)
    path = folder / "master.key"
    path.write_text(MASTER_KEY)
    path.chmod(0o600)
    env = {"OSTIARY_MASTER_KEY": "", "OSTIARY_MASTER_KEY_FILE": str(path)}
    run("migrate", **env)
    assert run("doctor", **env).returncode == 0
    path.chmod(0o640)
    assert f"chmod 600 {path}" in wrong(run, "permissions", **env)
    path.chmod(0o600)
    folder.chmod(0o770)
    assert f"chmod go-w {folder}" in wrong(run, "permissions", **env)


def test_notices_a_database_that_may_forget(run: Run, env: dict[str, str], postgres: Postgres | None) -> None:
    run("migrate")
    url = env["OSTIARY_DATABASE_URL"]
    if postgres is None:
        # There every commit is synced, whatever the operator sets.
        assert run("doctor", OSTIARY_DATABASE_URL=f"{url}").returncode == 0
        return
    with postgres.connect() as operator:
        for name in ("fsync", "full_page_writes"):
            operator.execute(f"ALTER SYSTEM SET {name} = off")
            operator.execute("SELECT pg_reload_conf()")
            try:
                assert f"Set {name} = on in postgresql.conf and reload." in wrong(run, name)
            finally:
                operator.execute(f"ALTER SYSTEM RESET {name}")
                operator.execute("SELECT pg_reload_conf()")
    for setting, name, words in (
        ("synchronous_commit%3Doff", "synchronous_commit", "a secret that was shown may be lost"),
        ("default_transaction_read_only%3Don", "transaction_read_only", "name the primary"),
    ):
        assert words in wrong(run, name, OSTIARY_DATABASE_URL=f"{url}&options=-c{setting}")


def test_notices_a_replica(run: Run, env: dict[str, str], postgres: Postgres | None) -> None:
    run("migrate")
    if postgres is None:
        assert "transaction_read_only" not in findings(strict_json(run("doctor", "--json")))
        return
    with running_replica(postgres) as replica:
        url = env["OSTIARY_DATABASE_URL"].replace(str(postgres.folder), str(replica.folder))
        assert "this is a replica" in wrong(run, "transaction_read_only", OSTIARY_DATABASE_URL=url)


def test_notices_another_master_key(run: Run) -> None:
    another = base64.b64encode(bytes(range(1, 33))).decode()
    run("migrate", OSTIARY_MASTER_KEY=MASTER_KEY)
    assert run("doctor", OSTIARY_MASTER_KEY=MASTER_KEY).returncode == 0
    assert "Give back the master key" in wrong(run, "signing keys", OSTIARY_MASTER_KEY=another)


def test_names_the_keys_that_expire_soon(run: Run) -> None:
    made = strict_json(run("init", "--organization", "Acme", "--bank", "North", "--json"))
    assert run("doctor").returncode == 0
    for name in ("First", "Second", "Third", "Fourth"):
        expiring = run("keys", "create", "--bank", made["bank_guid"], "--name", name, "--expires-in", "5d", "--json")
        strict_json(expiring)
    said = wrong(run, "keys")
    assert said.count("ostid_") == 3
    assert "and more" in said


def test_says_whether_redis_can_count(run: Run) -> None:
    run("migrate")
    found = findings(strict_json(run("doctor", "--json")))
    assert found["limits"]["message"] == "counted in memory, by each process for itself"
    with running_redis() as server:
        done = run("doctor", OSTIARY_LIMITS_URL=server.url)
        assert (done.returncode, "ok   limits: counted in Redis, by all" in done.stdout) == (0, True)
        server.kill()
        assert "Start Redis" in wrong(run, "limits", OSTIARY_LIMITS_URL=server.url)
    done = run("doctor", OSTIARY_LIMITS_URL="http://somewhere")
    assert done.returncode != 0
    assert "OSTIARY_LIMITS_URL: must look like redis://" in done.stderr


def test_notices_secrets_in_clear(run: Run) -> None:
    run("migrate")
    env = {"OSTIARY_PUBLIC_URL": "http://keys.invalid", "OSTIARY_ALLOW_INSECURE_HTTP": "true"}
    assert "a proxy with TLS" in wrong(run, "transport", **env)


class Served:
    """The installation under test, served behind a proxy that may do what it should not."""

    def __init__(self, settings: Settings, database_url: str, folder: Path) -> None:
        self.env = environment(settings.data_dir, database_url)
        self.folder = folder
        self.door = free_port()
        self.public = {"OSTIARY_PUBLIC_URL": f"http://{HOST}:{self.door}"}


@pytest.fixture
def served(settings: Settings, database_url: str, tmp_path: Path) -> Served:
    return Served(settings, database_url, tmp_path)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("trusted", "more", "expected"),
    [
        (ELSEWHERE, "proxy_set_header X-Forwarded-For $remote_addr;", ""),
        (ELSEWHERE, "proxy_set_header X-Forwarded-For $http_x_forwarded_for;", "does not say for whom it asks"),
        (
            ELSEWHERE,
            'proxy_set_header X-Forwarded-For "$http_x_forwarded_for$arg_nothing, 127.0.0.2";',
            "chooses where",
        ),
        ("127.0.0.3", "proxy_set_header X-Forwarded-For $remote_addr;", "Name its address in OSTIARY_TRUSTED_PROXIES"),
        (HOST, "proxy_set_header X-Forwarded-For $remote_addr;", "Name its address in OSTIARY_TRUSTED_PROXIES"),
    ],
)
def test_notices_proxies_that_let_callers_lie(run: Run, served: Served, trusted: str, more: str, expected: str) -> None:
    env = served.public | {"OSTIARY_TRUSTED_PROXIES": trusted}
    with start_server(served.env | env, free_port()) as server:
        env |= {"OSTIARY_PORT": str(server.port)}
        http = HTTP.format(host=HOST, port=served.door, upstream=server.port, elsewhere=ELSEWHERE, more=more)
        with running_nginx(served.folder / "nginx", served.door, http):
            if expected:
                assert expected in wrong(run, "proxies", **env)
            else:
                found = findings(strict_json(run("doctor", "--json", **env)))
                assert "a forged X-Forwarded-For is not believed" in found["proxies"]["message"]


def test_notices_a_proxy_that_leads_nowhere(run: Run, served: Served) -> None:
    with start_server(served.env | served.public, free_port()) as server:
        env = served.public | {"OSTIARY_PORT": str(server.port)}
        assert "correct OSTIARY_PUBLIC_URL" in wrong(run, "public address", **env)


def test_notices_a_server_with_another_name(run: Run, served: Served) -> None:
    with start_server(served.env, served.door) as server:
        env = {"OSTIARY_PUBLIC_URL": f"http://localhost:{served.door}", "OSTIARY_PORT": str(server.port)}
        assert f"calls itself {server.base_url}" in wrong(run, "public address", **env)


@pytest.mark.any_database
def test_notices_signing_keys_that_nobody_can_know(run: Run, served: Served, tmp_path: Path) -> None:
    """Somebody else's server, or an old copy of the file, stands at the public address."""
    run("migrate")
    other = tmp_path / "other"
    other.mkdir()
    with start_server(environment(other / "data", f"sqlite:///{other / 'other.db'}"), served.door) as server:
        assert "use the same database" in wrong(run, "published keys", OSTIARY_PORT=str(server.port))
