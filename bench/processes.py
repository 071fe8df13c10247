"""Processes on a core of their own, and what the kernel says they used."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent
# One core, or several as taskset writes them: "0,1".
Place = int | str
QUIET_SECONDS = 0.2
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Cores:
    """Two different ones: a load generator on the server's core would be measured with it."""

    server: int
    load: int
    usable: tuple[int, ...]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise RuntimeError("The benchmark needs two cores: one for the server, one for the load.")
        # Interrupts mostly land on the first core, so the server gets the last.
        return cls(server=usable[-1], load=usable[0], usable=tuple(usable))

    @property
    def several(self) -> str:
        """For a server of several processes: all but the load's, which they share where there is only one other."""
        return ",".join(str(core) for core in self.usable if self.are_shared or core != self.load)

    @property
    def are_shared(self) -> bool:
        return len(self.usable) == 2


@dataclass(frozen=True)
class Memory:
    resident_mib: float
    peak_mib: float


def pinned(core: Place, command: Sequence[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(core), *command]


def start_python(
    core: Place, arguments: Sequence[str], env: Mapping[str, str], stderr: Path, stdin: bytes = b""
) -> subprocess.Popen[bytes]:
    return start(core, [sys.executable, *arguments], env, stderr, stdin)


def start(
    core: Place, command: Sequence[str], env: Mapping[str, str], stderr: Path, stdin: bytes = b""
) -> subprocess.Popen[bytes]:
    with stderr.open("ab") as log:
        process = subprocess.Popen(
            pinned(core, command),
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    if process.stdin is None:
        raise RuntimeError("The process has no standard input.")
    process.stdin.write(stdin)
    process.stdin.close()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def family(pid: int) -> list[int]:
    """The process and its descendants, so that a server cannot hide its work in a child."""
    members = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                members += family(int(child))
    return members


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads."""
    ticks = 0
    for member in family(pid):
        # The command's name stands in brackets and may hold spaces; utime and stime are fields 14 and 15.
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def wait_until_quiet(pid: int) -> None:
    """A slow server still works on what nobody waits for any more, and on the core of the one that is next."""
    deadline = time.monotonic() + LONGEST_SECONDS
    before = cpu_seconds(pid)
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        now = cpu_seconds(pid)
        if now - before < QUIET_SECONDS / 4:
            return
        before = now
    raise RuntimeError(f"A server still works {LONGEST_SECONDS:.0f} s after the load has ended.")


def core_busy_seconds(core: int) -> float:
    """What the core did for anybody, the hypervisor's other guests included."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
            return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
    raise RuntimeError(f"/proc/stat does not know core {core}.")


def memory(pid: int) -> Memory:
    resident = peak = 0
    for member in family(pid):
        lines = Path(f"/proc/{member}/status").read_text().splitlines()
        kib = {
            name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if "kB" in value
        }
        resident += kib["VmRSS"]
        peak += kib["VmHWM"]
    return Memory(resident / 1024, peak / 1024)


def preemptions(pid: int) -> int:
    """How often the kernel took the core away from the process for something else."""
    return sum(
        int(line.split()[1])
        for member in family(pid)
        for status in Path(f"/proc/{member}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("nonvoluntary_ctxt_switches:")
    )
