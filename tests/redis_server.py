"""A real Redis for the tests: one throw-away server on a socket of its own, to be frozen, killed and started again."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

START_SECONDS = 60
STOP_SECONDS = 10


class RedisServer:
    """Keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._folder = folder
        self.url = f"unix://{self._socket}?db=0"
        self.client = redis.Redis.from_url(self.url, decode_responses=True)
        self.start()

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "there is no redis-server on this machine; run ./check"
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, *options], cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            log_text = (self._folder / "log").read_text()
            assert self._process.poll() is None, f"Redis ended while it started: {log_text}"
            assert time.monotonic() < deadline, f"Redis was not ready after {START_SECONDS} s: {log_text}"
            time.sleep(0.01)

    def freeze(self) -> None:
        """It holds its connections, and says nothing more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def close(self) -> None:
        self.client.close()
        self.kill()

    def _is_ready(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="ostiary-redis-"))
    try:
        server = RedisServer(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder)
