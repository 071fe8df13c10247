"""The revocation journal: what was taken away, in a file beside the database, written before it is committed.

A restored database is as old as its backup; the journal says what has been revoked since. A line is an event: JSON, a
tab, and an HMAC-SHA-256 of it and of the line before, so that a line that was changed or taken out shows. The first
line names the journal. A last line without its end was never acknowledged to anybody.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

from ostiary.db.syncing import sync
from ostiary.errors import ConfigurationError, StoreUnavailable
from ostiary.events.models import Event
from ostiary.events.record import TAKEN

# Of an event's facts, those that say what has to be done again; names and addresses of people stay out of the file.
FACTS = ("paused", "closed", "type", "role", "password_changed", "everywhere")
# Longer than any line.
TAIL_BYTES = 1 << 16

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One event that took something away."""

    event_guid: str
    event_type: str
    object_guid: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """A place in one journal: what came before it is known to whoever keeps the mark."""

    journal: str
    code: str


@dataclass(frozen=True)
class Contents:
    """A journal that was read to its end; the codes of its lines, the first one's included, are in their order."""

    journal: str
    entries: Sequence[Entry]
    codes: Sequence[str]

    def goes_on_from(self, mark: Mark) -> bool:
        """Whether it has everything that was taken away since."""
        return self.journal == mark.journal and mark.code in self.codes


class Journal:
    """Written by every process of an installation that takes something away."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key

    def begin(self) -> None:
        """Make the file where there is none. Raises ConfigurationError when it cannot be written."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened():
                pass
        except OSError as error:
            raise ConfigurationError(
                f"The revocation journal {self.path} cannot be written: {error.strerror}. "
                "OSTIARY_REVOCATION_JOURNAL may name another file."
            ) from error

    def write(self, db: Session) -> None:
        """What this unit of work takes away, on disk when this returns. Raises StoreUnavailable, so nothing is done."""
        taken: list[Event] = db.info.pop(TAKEN, [])
        if not taken:
            return
        try:
            with self._opened() as file:
                code = _last_code(file)
                lines = b""
                for event in taken:
                    line, code = _line(self._key, code, _told(event))
                    lines += line
                _append(file, lines)
        except OSError as error:
            log.warning("journal_failed", path=str(self.path), reason=error.strerror)
            raise StoreUnavailable("the revocation journal cannot be written") from error

    def mark(self) -> Mark:
        """Where it ends now."""
        contents = read(self.path, self._key)
        return Mark(contents.journal, contents.codes[-1])

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The file, with its first line and without a torn last one, while nobody else writes."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _mend(file)
            if os.fstat(file).st_size == 0:
                _append(file, _line(self._key, "", {"journal": secrets.token_hex(16)})[0])
                sync(self.path.parent)
            yield file
        finally:
            os.close(file)


def read(path: Path, key: bytes) -> Contents:
    """All of it. Raises ConfigurationError naming the line that is not as it was written."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The revocation journal {path} cannot be read: {error.strerror}") from error
    lines = text.split(b"\n")[:-1]
    codes: list[str] = []
    told: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        body, _, code = line.rpartition(b"\t")
        expected = _code(key, codes[-1] if codes else "", body)
        if not hmac.compare_digest(code, expected.encode()):
            raise ConfigurationError(
                f"Line {number} of the revocation journal {path} is not as it was written, or the master key is another"
            )
        codes.append(expected)
        told.append(json.loads(body))
    if not told:
        raise ConfigurationError(f"The revocation journal {path} is empty")
    return Contents(told[0]["journal"], [Entry(**each) for each in told[1:]], codes)


def _told(event: Event) -> dict[str, object]:
    return {
        "event_guid": event.guid,
        "event_type": event.event_type,
        "object_guid": event.object_guid,
        "facts": {name: event.facts[name] for name in FACTS if name in event.facts},
    }


def _line(key: bytes, before: str, told: Mapping[str, object]) -> tuple[bytes, str]:
    body = json.dumps(told, separators=(",", ":")).encode()
    code = _code(key, before, body)
    return body + b"\t" + code.encode() + b"\n", code


def _code(key: bytes, before: str, body: bytes) -> str:
    return hmac.digest(key, before.encode() + b"\n" + body, hashlib.sha256).hex()


def _mend(file: int) -> None:
    """Take away what a process that died, or a full disk, has left behind of a line."""
    size = os.fstat(file).st_size
    tail = os.pread(file, TAIL_BYTES, max(0, size - TAIL_BYTES))
    if not tail.endswith(b"\n"):
        os.ftruncate(file, size - len(tail) + tail.rfind(b"\n") + 1)


def _last_code(file: int) -> str:
    size = os.fstat(file).st_size
    length = hashlib.sha256().digest_size * 2
    return os.pread(file, length, size - length - 1).decode()


def _append(file: int, lines: bytes) -> None:
    os.lseek(file, 0, os.SEEK_END)
    while lines:
        lines = lines[os.write(file, lines) :]
    os.fsync(file)
