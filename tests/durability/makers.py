"""Processes that generate keys until they are killed, and what of their output reached us."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.durability.direct import Pair

HERE = Path(__file__).resolve().parents[2]


class Maker:
    """A process whose every whole JSON object on standard output is a secret that reached its caller."""

    def __init__(self, command: list[str], env: Mapping[str, str], folder: Path) -> None:
        path = {"PYTHONPATH": str(HERE), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**env, **path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._received = b""
        self.has_begun = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        while part := self._process.stdout.read1(65536):  # type: ignore[attr-defined]  # a pipe is buffered
            self._received += part
            self.has_begun.set()

    def shown(self) -> list[Pair]:
        """Every pair so far that reached us."""
        return whole_pairs(self._received.decode(errors="replace"))

    def kill(self) -> list[Pair]:
        """End it without a goodbye; returns every pair it had shown."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        assert self._process.stderr
        complaints = self._process.stderr.read().decode()
        self._process.stdout.close()
        self._process.stderr.close()
        assert "Traceback" not in complaints, complaints
        return self.shown()


def whole_pairs(text: str) -> list[Pair]:
    """The pairs of a sequence of JSON objects, of which the last may be cut off."""
    decoder, pairs, at = json.JSONDecoder(), [], 0
    while at < len(text):
        try:
            shown, at = decoder.raw_decode(text, at)
        except ValueError:
            break
        pairs.append(Pair(shown["client_id"], shown["client_secret"]))
        at += len(text[at:]) - len(text[at:].lstrip())
    return pairs


def key_maker(env: Mapping[str, str], folder: Path, bank_guid: str) -> Maker:
    return Maker(["-m", "tests.durability.key_maker", bank_guid], env, folder)


def real_command(env: Mapping[str, str], folder: Path, bank_guid: str) -> Maker:
    command = ["-m", "ostiary", "keys", "create", "--bank", bank_guid, "--name", "Made under fire", "--json"]
    return Maker(command, env, folder)
