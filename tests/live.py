"""A real `ostiary serve` in a process of its own, for the tests that need a network, a restart or a kill."""

import base64
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from ostiary.cli.program import program

HOST = "127.0.0.1"
# When a test gives up on a process that hangs; on a busy machine even a start takes a minute.
START_SECONDS = 300
STOP_SECONDS = 60
COMMAND_SECONDS = 300
READY_PATH = "/.well-known/oauth-authorization-server"
# Below the range from which systems give ports to outgoing connections, so that nobody takes it in between.
PORTS = range(20000, 32000)
# Required beside a database that is not a file; any 32 bytes do.
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


class LiveServer:
    """One server process; `.env` reaches the same database, keys and address from other commands."""

    def __init__(self, env: Mapping[str, str], port: int, prefix: Sequence[str] = ()) -> None:
        """`prefix` is a program that ends by becoming the one it is told to start."""
        self.port = port
        self._prefix = prefix
        self.base_url = f"http://{HOST}:{port}"
        self.env = {"OSTIARY_PUBLIC_URL": self.base_url, **env, "OSTIARY_HOST": HOST, "OSTIARY_PORT": str(port)}
        self.folder = Path(env["OSTIARY_DATA_DIR"]).parent
        self.stderr_path = self.folder / f"server-{port}.stderr"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Starts the process and returns once it answers."""
        with self.stderr_path.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "ostiary", "serve"],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None, f"ostiary serve ended while it started:\n{self.last_words()}"
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"ostiary serve was not ready after {START_SECONDS} s:\n{self.last_words()}")
            time.sleep(0.02)
        return self.process

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", READY_PATH)
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Asks the server to end, and fails when it hangs or had ended in an error. One already killed is fine."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"ostiary serve hung for {STOP_SECONDS} s when asked to end") from None
        # A negative code is the signal it ended by: ours, or the test's own.
        assert code <= 0, f"ostiary serve ended with {code}:\n{self.last_words()}"

    def kill(self) -> None:
        """What a power cut does: no goodbye."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def cli(self, *args: str) -> Any:  # noqa: ANN401  # whatever the command prints
        """What `ostiary ARGS --json` answers, in this server's environment but in our process: it starts at once."""
        done = CliRunner().invoke(program, [*args, "--json"], env=self.env, catch_exceptions=False)
        assert done.exit_code == 0, f"ostiary {' '.join(args)} ended with {done.exit_code}: {done.stderr}"
        return json.loads(done.stdout)

    def last_words(self) -> str:
        return "\n".join(self.stderr_path.read_text(errors="replace").splitlines()[-30:])


@contextmanager
def start_server(env: Mapping[str, str], port: int) -> Iterator[LiveServer]:
    """A server on `port`; with another server's `.env`, a second node on its database."""
    server = LiveServer(env, port)
    try:
        yield server
    finally:
        server.stop()


def free_port(among: range = PORTS) -> int:
    for _ in range(100):
        port = random.choice(among)  # noqa: S311  # no secret
        with socket.socket() as probe:
            # As the server will: a port that waits out an old connection is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("found no free port in 100 attempts")


def environment(data_dir: Path, database_url: str) -> dict[str, str]:
    """This process's environment with the settings that say which installation is meant."""
    chosen = {"OSTIARY_DATA_DIR": str(data_dir), "OSTIARY_DATABASE_URL": database_url}
    if not database_url.startswith("sqlite"):
        chosen["OSTIARY_MASTER_KEY"] = MASTER_KEY
    return os.environ | chosen
