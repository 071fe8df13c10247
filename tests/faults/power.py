"""What a disk may hold after the power went: files as their last sync left them, and any part of what came since.

The writes are those of a real process, as strace saw them.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
AT_THE_END = -1
OPENED = re.compile(r'openat\(AT_FDCWD, "((?:\\x..)*)", [^)]*\)\s+= (\d+)')
CLOSED = re.compile(r"close\((\d+)\)")
WRITTEN = re.compile(r'pwrite64\((\d+), "((?:\\x..)*)", (\d+), (\d+)\)\s+= (\d+)')
APPENDED = re.compile(r'write\((\d+), "((?:\\x..)*)", (\d+)\)\s+= (\d+)')
CUT = re.compile(r"ftruncate\((\d+), (\d+)\)\s+= 0")
SYNCED = re.compile(r"fd?a?t?a?sync\((\d+)\)\s+= 0")
REMOVED = re.compile(r'unlink\("((?:\\x..)*)"\)\s+= 0')


@dataclass(frozen=True)
class Write:
    """A write, or with `size` only a new length of the file."""

    path: str
    offset: int = 0
    data: bytes = b""
    size: int | None = None


@dataclass(frozen=True)
class Sync:
    path: str


@dataclass(frozen=True)
class Removal:
    path: str


@dataclass(frozen=True)
class Said:
    """What reached whoever waits for it; from here on it has to last."""

    text: str


Step = Write | Sync | Removal | Said


def steps(log: Path, folder: Path) -> list[Step]:
    """Of the process whose calls are in `log`: what it did to files in `folder`, and what it said."""
    names: dict[str, str] = {}
    found: list[Step] = []
    for line in log.read_text().splitlines():
        text = line.split(maxsplit=1)[1] if line[:1].isdigit() else line
        if match := OPENED.match(text):
            names[match[2]] = _text(match[1])
        elif match := CLOSED.match(text):
            names.pop(match[1], None)
        else:
            found += _step(text, names, str(folder))
    return found


def _step(text: str, names: Mapping[str, str], folder: str) -> Iterator[Step]:
    if (match := APPENDED.match(text)) and match[1] == "1":
        yield Said(_text(match[2]))
    elif match := REMOVED.match(text):
        yield Removal(_text(match[1]))
    for call, step in TO_A_FILE:
        if (match := call.match(text)) and (path := names.get(match[1], "")).startswith(folder):
            yield step(path, match)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _text(escaped: str) -> str:
    return _bytes(escaped).decode()


TO_A_FILE: Sequence[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Step]]] = (
    (WRITTEN, lambda path, match: Write(path, int(match[4]), _bytes(match[2]))),
    (APPENDED, lambda path, match: Write(path, AT_THE_END, _bytes(match[2]))),
    (CUT, lambda path, match: Write(path, size=int(match[2]))),
    (SYNCED, lambda path, _: Sync(path)),
)


@dataclass
class Disk:
    """Files as they surely are, and what was written to each since its last sync."""

    sure: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Write]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        match step:
            case Write():
                self.pending.setdefault(step.path, []).append(self._placed(step))
            case Sync():
                for write in self.pending.pop(step.path, []):
                    put(self.sure.setdefault(step.path, bytearray()), write)
            case Removal():
                self.sure.pop(step.path, None)
                self.pending.pop(step.path, None)
            case Said():
                pass

    def _placed(self, write: Write) -> Write:
        """An append stands where the file ends by then."""
        if write.offset != AT_THE_END:
            return write
        end = len(self.sure.get(write.path, b""))
        for each in self.pending.get(write.path, []):
            end = each.size if each.size is not None else max(end, each.offset + len(each.data))
        return Write(write.path, end, write.data)

    def after_the_cut(self, chosen: random.Random) -> dict[str, bytearray]:
        """One of the many states in which the power may leave it: writes are lost, torn, and done in any order."""
        found = {path: bytearray(data) for path, data in self.sure.items()}
        for path, writes in self.pending.items():
            torn = [piece for write in writes for piece in sectors(write)]
            likely = chosen.choice((0.1, 0.5, 0.9))
            survivors = [piece for piece in torn if chosen.random() < likely]
            chosen.shuffle(survivors)
            for each in survivors:
                put(found.setdefault(path, bytearray()), each)
        return found


def sectors(write: Write) -> Sequence[Write]:
    """What a disk writes at once."""
    if write.size is not None:
        return [write]
    return [
        Write(write.path, write.offset + at, write.data[at : at + SECTOR_BYTES])
        for at in range(0, len(write.data), SECTOR_BYTES)
    ]


def put(file: bytearray, write: Write) -> None:
    end = write.size if write.size is not None else write.offset + len(write.data)
    if len(file) < end:
        file.extend(bytes(end - len(file)))
    if write.size is not None:
        del file[write.size :]
    else:
        file[write.offset : end] = write.data
