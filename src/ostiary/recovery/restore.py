"""A backup put back: refused before anything is touched, or whole, and with everything that was revoked since."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ostiary import migrations
from ostiary.crypto import master_key
from ostiary.crypto.master_key import MasterKey
from ostiary.db import sqlite
from ostiary.errors import ConfigurationError
from ostiary.events import journal
from ostiary.events.journal import Entry, Mark
from ostiary.house import JOURNAL_PURPOSE, House
from ostiary.recovery import container, files
from ostiary.recovery.backup import Told
from ostiary.recovery.container import Header
from ostiary.recovery.cut_off import Outcome, cut_off
from ostiary.settings import Settings


@dataclass(frozen=True)
class Restored:
    header: Header
    outcome: Outcome
    # Where the database that stood there before is now.
    kept: Path | None


@dataclass(frozen=True)
class Restore:
    """One backup, for the database that the settings name. Raises ConfigurationError wherever it cannot go on."""

    settings: Settings
    file: Path
    master_key: MasterKey
    header: Header
    # What was taken away, as far as a journal says; without one every key and person is held.
    entries: Sequence[Entry] | None

    @property
    def place(self) -> Path:
        return Path(self.settings.store_url.removeprefix("sqlite:///"))

    def check(self, told: Told) -> None:
        """Whether it could be put back; changes nothing."""
        with self._drafted(told):
            pass

    def run(self, told: Told) -> Restored:
        """Put it in place of the database there is, which is kept under another name."""
        lock = sqlite.lock_of(self.place)
        files.must_be_unused(self.place, lock)
        with self._drafted(told) as copy:
            told("Ending sessions and tokens, and taking away what was revoked since …")
            outcome = self._cut_off(copy)
            files.must_be_unused(copy, sqlite.lock_of(copy))
            files.must_be_unused(self.place, lock)
            kept = None
            if not files.is_empty(self.place):
                kept = files.kept_name(self.place, "before")
            with lock.held():
                files.put_in_place(copy, self.place, kept)
        return Restored(self.header, outcome, kept)

    @contextmanager
    def _drafted(self, told: Told) -> Iterator[Path]:
        """The database of the backup in a file of its own, found to be sound."""
        self.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.draft(self.place) as copy:
            told("Opening the backup …")
            files.write(copy, container.read(self.file, self.master_key))
            told("Looking it through …")
            if files.look_through(copy) != self.header.revision:
                raise ConfigurationError(f"{self.file} is not what it says it is. Nothing was changed")
            yield copy

    def _cut_off(self, copy: Path) -> Outcome:
        at_the_copy = {"database_url": SecretStr(f"sqlite:///{copy}"), "database_url_file": None}
        house = House(self.settings.model_copy(update=at_the_copy), self.master_key, has_journal=False)
        with closing(house.store):
            house.prepare()
            return cut_off(house, self.entries, self.header.made_at)


def look(settings: Settings, file: Path, journals: Sequence[Path], *, without_journal: bool) -> Restore:
    """Everything that can be refused by looking at the header and the journal."""
    if not settings.store_url.startswith("sqlite"):
        raise ConfigurationError(
            "A backup of Ostiary is a SQLite database. PostgreSQL's own tools put back what they have saved; then "
            "let Ostiary do its part with: ostiary restore --in-place"
        )
    key = master_key.load(settings, make=False)
    header = container.read_header(file, key)
    if migrations.is_newer(header.revision):
        raise ConfigurationError(
            f"{file} is of schema {header.revision}, this release knows {migrations.HEAD}: restore it with "
            f"{header.release}"
        )
    mark = Mark(header.journal, header.journal_code)
    entries = None if without_journal else _since(settings, key, journals, mark)
    return Restore(settings, file, key, header, entries)


def in_place(settings: Settings, journals: Sequence[Path]) -> Outcome:
    """The same for a database that other tools have put back; `journals` are those of every node there was."""
    house = House(settings)
    with closing(house.store):
        house.prepare()
        key = house.master_key.derive(JOURNAL_PURPOSE)
        entries = [entry for path in journals for entry in journal.read(path, key).entries]
        return cut_off(house, entries if journals else None, "")


def _since(settings: Settings, key: MasterKey, named: Sequence[Path], mark: Mark) -> Sequence[Entry] | None:
    """What the journals say; None when none is named and there is none. Raises ConfigurationError for one that is
    damaged, or does not know what happened since the backup."""
    usual = settings.journal_path
    journals = list(named) or ([usual] if usual is not None and usual.exists() else [])
    if not journals:
        return None
    contents = [journal.read(path, key.derive(JOURNAL_PURPOSE)) for path in journals]
    if not any(each.goes_on_from(mark) for each in contents):
        raise ConfigurationError(
            f"{', '.join(map(str, journals))}: does not go on from where the journal was when the backup was made, so "
            "nobody knows all that was revoked since. Name the right file with --journal; without it, "
            "--without-journal holds every key and every person until somebody has looked at them"
        )
    return [entry for each in contents for entry in each.entries]
