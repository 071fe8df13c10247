"""Programs of the machine that break things, or keep them together."""

import shutil


def program(name: str) -> str:
    """Its path. A test that lacks its tool fails: it is never left out."""
    found = shutil.which(name)
    assert found, f"{name} is not installed; ./check installs it"
    return found
