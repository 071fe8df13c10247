"""Two PostgreSQL nodes under Patroni and etcd, in synchronous mode; every way between them leads through a proxy.

`python -m tests.faults.patroni` starts it, says where it is, and takes it away when it is interrupted.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from tests.faults.proxy import NOTHING, Fault, FaultProxy, before
from tests.faults.tools import program
from tests.live import HOST, free_port
from tests.postgres import find_programs, unprivileged_user

TTL_SECONDS = 20
START_SECONDS = 120
SUPERUSER, DATABASE = "postgres", "ostiary"
CUT_OFF = Fault(stalls=True)


@dataclass
class Node:
    """A machine with PostgreSQL and Patroni; others reach it, and it reaches etcd, through proxies of its own."""

    name: str
    folder: Path
    etcd: FaultProxy
    port: int
    api_port: int
    proxy: FaultProxy
    password: str
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def configuration(self) -> Mapping[str, Any]:
        """Patroni reads YAML, and JSON is YAML."""
        programs = find_programs()
        assert programs, "install postgresql-15"
        users = {
            "superuser": {"username": SUPERUSER, "password": self.password},
            "replication": {"username": "replicator", "password": self.password},
        }
        return {
            "scope": "ostiary",
            "name": self.name,
            "restapi": {"listen": f"{HOST}:{self.api_port}", "connect_address": f"{HOST}:{self.api_port}"},
            # As a proxy, for otherwise it asks etcd where it is, and goes there by itself.
            "etcd3": {"proxy": f"http://{HOST}:{self.etcd.port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_SECONDS,
                    "loop_wait": 2,
                    "retry_timeout": 5,
                    "maximum_lag_on_failover": 1 << 20,
                    "synchronous_mode": True,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 100}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{HOST}:{self.port}",
                "connect_address": f"{HOST}:{self.proxy.port}",
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(programs),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": users,
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.1/32 md5",
                    "host replication all 127.0.0.1/32 md5",
                ],
                "parameters": {"unix_socket_directories": str(self.folder)},
            },
        }

    def start(self) -> None:
        path = self.folder / "patroni.yml"
        path.write_text(json.dumps(self.configuration))
        owner = unprivileged_user()
        if owner:
            for each in (self.folder, path):
                os.chown(each, owner.pw_uid, owner.pw_gid)
        run_as: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program("patroni"), path],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.folder)},
                **run_as,
            )

    def pids(self) -> list[int]:
        """Patroni, and PostgreSQL with all its children."""
        assert self.process is not None
        pids = [self.process.pid]
        postmaster = self.folder / "data" / "postmaster.pid"
        if postmaster.exists():
            first = int(postmaster.read_text().split()[0])
            children = subprocess.run(
                [program("pgrep"), "-P", str(first)], capture_output=True, text=True, check=False
            ).stdout
            pids += [first, *map(int, children.split())]
        return pids

    def signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def role(self) -> str:
        """`master`, `replica`, or nothing when it does not say."""
        try:
            found = httpx2.get(f"http://{HOST}:{self.api_port}/patroni", timeout=2).json()
        except (httpx2.HTTPError, ValueError):
            return ""
        return str(found.get("role", "")) if found.get("state") == "running" else ""


@dataclass
class Rig:
    nodes: Sequence[Node]
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """Of whichever node takes writes, in libpq's words."""
        hosts = ",".join(HOST for _ in self.nodes)
        ports = ",".join(str(node.proxy.port) for node in self.nodes)
        query = f"host={hosts}&port={ports}&target_session_attrs=read-write"
        return f"postgresql://{SUPERUSER}:{self.password}@/{DATABASE}?{query}"

    def connect(self, node: Node, database: str = DATABASE) -> "psycopg.Connection[tuple[object, ...]]":
        """Past its proxy."""
        return psycopg.connect(
            host=HOST,
            port=node.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=3,
        )

    def primary(self) -> Node:
        leaders = {"master", "primary"}
        found: Node = self.wait_for(lambda: next((each for each in self.nodes if each.role() in leaders), None))
        return found

    def standby(self) -> Node:
        return next(each for each in self.nodes if each is not self.primary())

    def is_whole(self) -> bool:
        """One primary, and a standby that confirms every commit."""
        roles = sorted(each.role() for each in self.nodes)
        if roles not in (["master", "replica"], ["primary", "replica"]):
            return False
        with self.connect(self.primary(), "postgres") as db:
            states = db.execute("SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'").fetchall()
        return states == [("sync",)]

    def wait_until_whole(self) -> None:
        self.wait_for(lambda: self.is_whole() or None)

    def wait_for(self, look: Any) -> Any:  # noqa: ANN401 - whatever is looked for
        until = time.monotonic() + START_SECONDS
        while (found := _tried(look)) is None:
            assert time.monotonic() < until, "\n".join((each.folder / "log").read_text()[-1500:] for each in self.nodes)
            time.sleep(0.1)
        return found

    def heal(self) -> None:
        """Whatever was done to a node is undone."""
        for each in self.nodes:
            each.proxy.set(NOTHING)
            each.etcd.set(NOTHING)
            assert each.process is not None
            each.signal(signal.SIGCONT)
            if each.process.poll() is not None:
                each.start()
        self.wait_until_whole()


def _tried(look: Any) -> Any:  # noqa: ANN401 - as above
    try:
        return look()
    except psycopg.Error:
        return None


@contextmanager
def running_etcd(folder: Path) -> Iterator[int]:
    port, peer_port = free_port(), free_port()
    url, peer = f"http://{HOST}:{port}", f"http://{HOST}:{peer_port}"
    command = [program("etcd"), "--data-dir", str(folder / "etcd"), "--name", "one", "--initial-cluster", f"one={peer}"]
    urls = ["--listen-client-urls", url, "--advertise-client-urls", url]
    peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    with (folder / "etcd.log").open("wb") as log:
        server = subprocess.Popen([*command, *urls, *peers, "--unsafe-no-fsync"], stdout=log, stderr=log)
    try:
        yield port
    finally:
        server.kill()
        server.wait()


@contextmanager
def running_rig() -> Iterator[Rig]:
    folder = Path(tempfile.mkdtemp(prefix="ostiary-patroni-"))
    folder.chmod(0o711)
    password = secrets.token_hex(16)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd_port = stack.enter_context(running_etcd(folder))
        nodes = []
        for name in ("one", "two"):
            own = folder / name
            own.mkdir(mode=0o700)
            port = free_port()
            etcd, proxy = (stack.enter_context(before((HOST, each))) for each in (etcd_port, port))
            nodes.append(Node(name, own, etcd, port, free_port(), proxy, password))
        rig = Rig(nodes, password)
        stack.callback(_end, nodes)
        for node in nodes:
            node.start()
        rig.wait_until_whole()
        with rig.connect(rig.primary(), "postgres") as db:
            db.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
        yield rig


def _end(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.process is not None:
            pids = node.pids()
            node.signal(signal.SIGKILL)
            node.process.wait()
            for pid in pids:
                _wait_for_the_end_of(pid)


def _wait_for_the_end_of(pid: int) -> None:
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)


if __name__ == "__main__":
    with running_rig() as shown:
        print(shown.url)  # noqa: T201 - what whoever started it needs
        signal.pause()
