"""`ostiary doctor`: what an operator wants to know before trouble comes."""

import platform
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cryptography
import typer

from ostiary import __version__, clock, migrations
from ostiary.cli import show
from ostiary.cli.session import REFUSED, JsonFlag, house
from ostiary.crypto import master_key
from ostiary.db import sqlite
from ostiary.house import House
from ostiary.limits.redis_windows import Away, RedisWindows
from ostiary.oauth.signing_keys import SigningKeys

CLOCK_SECONDS = 10
OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITING_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Finding:
    name: str
    is_fine: bool
    message: str


def doctor(json: JsonFlag = False) -> None:
    """Check versions, database, permissions, clock and keys; exit code 1 when something needs a hand."""
    with house() as opened:
        found = [
            *_versions(),
            *_database(opened),
            *_permissions(opened),
            *_clock(opened),
            *_keys(opened),
            _limits(opened),
        ]
    if json:
        show.as_json({"findings": [vars(one) for one in found], "is_fine": all(one.is_fine for one in found)})
    else:
        for one in found:
            typer.echo(f"{'ok  ' if one.is_fine else 'LOOK'} {one.name}: {one.message}")
    if not all(one.is_fine for one in found):
        raise typer.Exit(REFUSED)


def _limits(opened: House) -> Finding:
    url = opened.settings.shared_limits_url
    if not url:
        return Finding("limits", True, "counted in memory, by each process for itself")
    windows = RedisWindows(url, {}, opened.limit_name_key)
    try:
        windows.probe()
    except Away as error:
        return Finding("limits", False, f"Redis cannot count, so each process does for itself: {error}")
    finally:
        windows.close()
    return Finding("limits", True, "counted in Redis, by all processes together")


def _versions() -> Iterator[Finding]:
    shown = f"Ostiary {__version__}, Python {platform.python_version()}, cryptography {cryptography.__version__}"
    yield Finding("versions", True, shown)


def _database(opened: House) -> Iterator[Finding]:
    present, wanted = migrations.revision(opened.store), migrations.HEAD
    yield Finding("schema", present == wanted, f"at {present}, this release wants {wanted}")
    if not opened.store.is_sqlite:
        with opened.store.reading() as db:
            connection = db.connection()
            for name in ("fsync", "synchronous_commit"):
                value = connection.exec_driver_sql(f"SHOW {name}").scalar()
                yield Finding(name, value != "off", f"{value}" if value != "off" else "off: a shown secret may be lost")
        return
    race = (
        "has the WAL-reset race, so every write goes through one lock" if sqlite.NEEDS_LOCK else "is without the race"
    )
    yield Finding("sqlite", True, f"{sqlite3.sqlite_version} {race}")


def _permissions(opened: House) -> Iterator[Finding]:
    paths = [opened.settings.data_dir / master_key.FILE_NAME]
    if opened.settings.master_key_file:
        paths.append(opened.settings.master_key_file)
    if opened.store.is_sqlite:
        paths.append(opened.store.path)
    for path in filter(Path.exists, paths):
        is_private = not path.stat().st_mode & OTHERS
        yield Finding(
            "permissions", is_private, f"{path} " + ("is private" if is_private else f"- run: chmod 600 {path}")
        )
    # Whoever may write into the folder may put another file into the place of a private one.
    for folder in sorted({path.absolute().parent for path in filter(Path.exists, paths)}):
        is_ours = not folder.stat().st_mode & WRITING_OTHERS
        shown = "is written by its owner alone" if is_ours else f"- run: chmod go-w {folder}"
        yield Finding("permissions", is_ours, f"{folder} {shown}")


def _clock(opened: House) -> Iterator[Finding]:
    if opened.store.is_sqlite:
        yield Finding("clock", clock.now().year >= 2026, f"{clock.on_the_wire(clock.now())}")  # noqa: PLR2004
        return
    with opened.store.reading() as db:
        theirs = opened.store.moment(db)
    apart = abs((clock.now() - theirs).total_seconds())
    yield Finding("clock", apart < CLOCK_SECONDS, f"{apart:.1f} s apart from the database's")


def _keys(opened: House) -> Iterator[Finding]:
    keys = SigningKeys(opened.store, opened.signing_key_seal)
    yield Finding(
        "signing keys", bool(keys.published), f"{len(keys.published)} published, signing with {keys.current_kid}"
    )
