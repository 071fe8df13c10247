"""A backup of a SQLite database: copied while it is served, looked through, encrypted, and read again."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ostiary import __version__, clock
from ostiary.crypto.master_key import MasterKey
from ostiary.db.syncing import sync
from ostiary.errors import ConfigurationError
from ostiary.events.journal import Mark
from ostiary.house import House
from ostiary.recovery import container, files
from ostiary.recovery.container import Header

# Says what takes long.
Told = Callable[[str], None]

NO_MARK = Mark("", "")


@dataclass(frozen=True)
class Backup:
    path: Path
    header: Header


def make(house: House, place: Path, told: Told) -> Backup:
    """Write the backup to a new file, or to one in a folder. Raises ConfigurationError; then there is none."""
    store = house.store
    if not store.is_sqlite:
        raise ConfigurationError(
            "PostgreSQL's own tools make its backups, pg_dump or pgbackrest: docs/recovery.md says how"
        )
    made_at = clock.now()
    target = place / f"ostiary-{made_at:%Y%m%dT%H%M%SZ}.backup" if place.is_dir() else place
    if target.exists():
        raise ConfigurationError(f"{target} exists already; name another file")
    if files.is_empty(store.path):
        raise ConfigurationError(f"There is nothing to back up: no server has been started on {store.path} yet")
    if house.journal:
        house.journal.begin()
    # Before the copy: what is journalled later may be in it as well, what was journalled earlier need not be looked up.
    mark = house.journal.mark() if house.journal else NO_MARK
    with files.draft(target.with_suffix(".copy")) as copied, files.draft(target) as sealed:
        told("Copying the database …")
        files.copy(store, copied)
        told("Looking it through …")
        revision = files.look_through(copied)
        told("Encrypting …")
        header = _header(copied, revision, mark, clock.on_the_wire(made_at), house.master_key)
        files.make(sealed)
        try:
            with copied.open("rb") as plain, sealed.open("wb") as file:
                container.write(plain, file, header, house.master_key)
            told("Reading it again …")
            for _ in container.read(sealed, house.master_key):
                pass
            sealed.rename(target)
            sync(target.parent)
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
    return Backup(target, header)


def _header(copied: Path, revision: str, mark: Mark, made_at: str, master_key: MasterKey) -> Header:
    salt = secrets.token_bytes(container.SALT_BYTES)
    with copied.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Header(
        format=container.FORMAT,
        made_at=made_at,
        release=__version__,
        revision=revision,
        size_bytes=copied.stat().st_size,
        sha256=digest,
        journal=mark.journal,
        journal_code=mark.code,
        salt=salt.hex(),
        key_code=container.key_code(master_key, salt),
    )
