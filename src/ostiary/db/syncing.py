"""What has to outlast a power cut, beside what the databases see to themselves."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """A file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
