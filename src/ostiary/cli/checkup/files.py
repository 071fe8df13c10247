"""Whether what is secret on the disk can be read, or replaced, by others."""

import stat
from collections.abc import Iterator
from pathlib import Path

from ostiary.cli.checkup.finding import Finding, fine, wrong
from ostiary.crypto import master_key
from ostiary.house import House

OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITING_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def findings(house: House) -> Iterator[Finding]:
    paths = [house.settings.data_dir / master_key.FILE_NAME]
    if house.settings.master_key_file:
        paths.append(house.settings.master_key_file)
    if house.store.is_sqlite:
        paths.append(house.store.path)
    there = list(filter(Path.exists, paths))
    for path in there:
        if path.stat().st_mode & OTHERS:
            yield wrong("permissions", f"{path} can be read by others", f"Run: chmod 600 {path}")
        else:
            yield fine("permissions", f"{path} is private")
    # Whoever may write into the folder may put another file into the place of a private one.
    for folder in sorted({path.absolute().parent for path in there}):
        if folder.stat().st_mode & WRITING_OTHERS:
            yield wrong("permissions", f"{folder} can be written by others", f"Run: chmod go-w {folder}")
        else:
            yield fine("permissions", f"{folder} is written by its owner alone")
