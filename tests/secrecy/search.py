"""Looks for planted words wherever a server leaves bytes: files, databases, logs, pages of its processes."""

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from ostiary.db.store import Store
from ostiary.tables import metadata

Places = Iterable[tuple[str, bytes]]


def spellings(word: str) -> dict[str, bytes]:
    """The ways in which a word can stand somewhere; base64 has three, by where in a longer text it began."""
    raw = word.encode()
    found = {
        "clear": raw,
        "url-encoded": urllib.parse.quote(word, safe="").encode(),
        "escaped": json.dumps(word)[1:-1].encode(),
        "hex": raw.hex().encode(),
        "upper hex": raw.hex().upper().encode(),
        "utf-16": word.encode("utf-16-le"),
    }
    for shift in range(3):
        # The letters that also depend on the neighbours are left out.
        text = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
        found[f"base64, shifted by {shift}"] = text
        found[f"base64url, shifted by {shift}"] = text.replace(b"+", b"-").replace(b"/", b"_")
    return found


def finds(planted: Mapping[str, str], places: Places) -> list[str]:
    """Where which planted word was found, in which spelling."""
    wanted = [(name, how, form) for name, word in planted.items() for how, form in spellings(word).items()]
    return [f"{name} ({how}) in {place}" for place, content in places for name, how, form in wanted if form in content]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder: databases with their logs, keys, what servers printed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def rows(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, as bytes."""
    with store.reading() as db:
        for table in metadata.sorted_tables:
            names = [name for name in table.columns.keys()]  # noqa: C416, SIM118 - a column collection is no mapping
            for row in db.execute(sa.select(table)):
                for name, value in zip(names, row, strict=True):
                    yield f"{table.name}.{name}", _as_bytes(value)


def _as_bytes(value: object) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False).encode()
    return str(value).encode()


def process_pages(pid: int) -> Iterator[tuple[str, bytes]]:
    """The pages every user, or the same user, can read about a process."""
    for name in ("cmdline", "environ", "comm"):
        yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
