"""The first start: a link that lets the first person in, told to whoever sits at the server and to nobody else."""

import os
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ostiary.db.store import Store
from ostiary.settings import Settings
from ostiary.users import one_time_links, queries
from ostiary.users.models import LinkPurpose, OneTimeLink

FILE_NAME = "set-up-link"


def link_file(settings: Settings) -> Path:
    return settings.data_dir / FILE_NAME


def offer(store: Store, settings: Settings) -> str | None:
    """A fresh link while nobody can sign in, also kept in a file that only this user reads."""
    with store.reading() as db:
        if queries.by_presence(db):
            put_away(settings)
            return None
    with store.writing() as db:
        url = settings.issuer + one_time_links.make(db, LinkPurpose.SET_UP)
    _keep(link_file(settings), url)
    return url


def look(db: Session, word: str) -> None:
    """Raises LinkOver, also when somebody can sign in already, however they came."""
    one_time_links.look(db, LinkPurpose.SET_UP, word)
    if queries.by_presence(db):
        raise one_time_links.LinkOver


def end(db: Session) -> None:
    """No link lets anybody in as the first any more, whichever node made it."""
    db.execute(delete(OneTimeLink).where(OneTimeLink.purpose == LinkPurpose.SET_UP))


def put_away(settings: Settings) -> None:
    link_file(settings).unlink(missing_ok=True)


def _keep(path: Path, url: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(url + "\n")
