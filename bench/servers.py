"""Starting what is measured: Ostiary as an operator would, and the floor that repeats one of its answers."""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.exchange import HOST, Answer, Pair, Request, ask, ask_well
from bench.processes import ROOT, Place, start_python, stop

READY = Request("GET", "/.well-known/oauth-authorization-server")
WELL = Request("GET", "/health/ready")
START_SECONDS = 60.0
# Over a second, for each moment in it is remembered; usual limits remember no more of a key, and nothing of a source.
NEVER_REACHED = "1000000/1"


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    pid: int
    # From the start of the process to its first answer.
    ready_seconds: float = 0.0


@dataclass(frozen=True)
class Home:
    """Where one Ostiary lives: its environment, and the first pair of its first bank."""

    env: Mapping[str, str]
    data_dir: Path
    database_url: str
    port: int
    pair: Pair


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    return int(port)


def settle(data_dir: Path, database_url: str) -> Home:
    """Makes the database, an organization, a bank and a key pair."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}
    env |= {
        "OSTIARY_HOST": HOST,
        "OSTIARY_PORT": str(port),
        "OSTIARY_DATA_DIR": str(data_dir),
        "OSTIARY_DATABASE_URL": database_url,
        # Counted all the same.
        "OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY": NEVER_REACHED,
        "OSTIARY_LIMIT_TOKEN_REQUESTS_PER_SOURCE": NEVER_REACHED,
        "OSTIARY_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    command = [sys.executable, "-m", "ostiary", "init", "--organization", "Acme", "--bank", "North", "--json"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ostiary init failed: {done.stderr.decode()}")
    made = json.loads(done.stdout)
    return Home(env, data_dir, database_url, port, Pair(made["client_id"], made["client_secret"]))


@contextmanager
def ostiary(home: Home, core: Place, name: str = "ostiary") -> Iterator[Server]:
    stderr = home.data_dir / "stderr.log"
    began = time.perf_counter()
    process = start_python(core, ["-m", "ostiary", "serve"], home.env, stderr)
    try:
        wait_until_ready(process, home.port, stderr, WELL)
        yield Server(name, home.port, process.pid, time.perf_counter() - began)
    finally:
        stop(process)


@contextmanager
def floor(sample: Answer, core: int, folder: Path) -> Iterator[Server]:
    """A constant answer with the sample's body and headers."""
    port = free_port()
    stderr = folder / "floor.log"
    repeated = {"host": HOST, "port": port, "headers": sample.headers, "body": sample.body.decode()}
    process = start_python(core, ["-m", "bench.floor"], os.environ, stderr, json.dumps(repeated).encode())
    try:
        wait_until_ready(process, port, stderr)
        check_likeness(sample, ask_well(port, READY))
        yield Server("floor", port, process.pid)
    finally:
        stop(process)


def check_likeness(sample: Answer, constant: Answer) -> None:
    if (len(sample.body), len(sample.headers)) != (len(constant.body), len(constant.headers)):
        raise RuntimeError(f"The floor answers {constant.headers}, the server {sample.headers}.")


def wait_until_ready(process: subprocess.Popen[bytes], port: int, stderr: Path, request: Request = READY) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server stopped at once: {stderr.read_text()[-2000:]}")
        with suppress(ConnectionError):
            if ask(port, request).status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not answer within {START_SECONDS:.0f} s: {stderr.read_text()[-2000:]}")
