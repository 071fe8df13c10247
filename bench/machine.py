"""Where and with what a measurement was made."""

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.processes import ROOT, Cores

PACKAGES = ("uvicorn", "uvloop", "httptools", "cryptography", "sqlalchemy", "psycopg")


@dataclass(frozen=True)
class Machine:
    date: str
    commit: str
    processor: str
    cores: str
    memory_gib: float
    system: str
    python: str
    packages: str
    load_average: str


def this_machine(cores: Cores) -> Machine:
    return Machine(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=commit(),
        processor=field_of("/proc/cpuinfo", "model name"),
        cores=f"{os.cpu_count()}: the server has number {cores.server}, the load number {cores.load}",
        memory_gib=int(field_of("/proc/meminfo", "MemTotal").split()[0]) / 1024**2,
        system=f"{platform.freedesktop_os_release().get('PRETTY_NAME', 'unknown')}, Linux {platform.release()}",
        python=platform.python_version(),
        packages=", ".join(
            [*(f"{name} {version(name)}" for name in PACKAGES), f"SQLite {sqlite3.sqlite_version}", wrk()]
        ),
        load_average=Path("/proc/loadavg").read_text().split()[0],
    )


def field_of(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def commit() -> str:
    name = spoken(["git", "rev-parse", "--short=12", "HEAD"]) or "unknown"
    changed = spoken(["git", "status", "--porcelain", "--untracked-files=no"])
    return f"{name} with changes" if changed else name


def wrk() -> str:
    if shutil.which("wrk") is None:
        return "no wrk"
    return " ".join(spoken(["wrk", "-v"]).split()[:2])


def spoken(command: Sequence[str]) -> str:
    # wrk -v says its version and fails.
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True).stdout.strip()
