"""docs/two-nodes.md, typed by somebody who does what it says and nothing else, on real PostgreSQL, nginx and nodes."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.tree import HERE, told
from tests.live import free_port
from tests.operations.guide import Block, Unreadable, faults, read, script
from tests.postgres import find_programs, programs_from_wheel, unprivileged_user
from tests.proxies.nginx import is_listening
from tests.server.conftest import eventually

GUIDE = "docs/two-nodes.md"
OPERATIONS = "docs/operations.md"
# What the page calls its ports when the reader chooses none.
PORTS = {
    "PGPORT": "5433",
    "PORT_1": "8401",
    "PORT_2": "8402",
    "HTTPS_PORT": "8443",
    "METRICS_1": "9401",
    "METRICS_2": "9402",
}
# Whoever reads operations.md alone has a node's settings at hand, and knows which key is meant.
SETTINGS_AND_KEY = r"""
set -a; . "$PLACE/node-1.env"; set +a
KID="$(curl --silent "http://127.0.0.1:$OSTIARY_PORT/.well-known/jwks.json" | sed 's/.*"kid": *"\([^"]*\)".*/\1/')"
"""
# Debian's packages: root, and a network. What they bring is what this test needs itself.
PACKAGES = "# apt-get install --no-install-recommends git curl openssl python3-venv postgresql nginx-light"
# On the machines that are to stay: root, a network, and systemd, which no machine that tests run on has.
ON_EACH_NODE = """\
# python3 -m venv /opt/ostiary
# /opt/ostiary/bin/pip install --require-hashes -r requirements/runtime.txt
# /opt/ostiary/bin/pip install --no-deps --no-build-isolation .
# install -d -m 700 /etc/ostiary
# install -m 600 node-1.env /etc/ostiary/ostiary.env
# install -m 600 master.key /etc/ostiary/master.key
# cp deploy/systemd/ostiary.service deploy/systemd/ostiary.socket /etc/systemd/system/
# systemctl daemon-reload
# systemctl enable --now ostiary.socket ostiary.service
# (set -a; . /etc/ostiary/ostiary.env; OSTIARY_MASTER_KEY_FILE=/etc/ostiary/master.key; /opt/ostiary/bin/ostiary doctor)
"""
# Of nobody else's: here a port is chosen long before somebody listens at it.
OWN_PORTS = range(16_000, 20_000)
LONGEST_SECONDS = 300


def guide() -> tuple[list[Block], list[str]]:
    """Both pages, as one shell runs them; what takes everything away again comes last."""
    two_nodes, operations = (read(name, (HERE / name).read_text()) for name in (GUIDE, OPERATIONS))
    at_hand = Block("settings and a key", SETTINGS_AND_KEY, None)
    *first, last = two_nodes.blocks
    return [*first, at_hand, *operations.blocks, last], [*two_nodes.not_run, *operations.not_run]


@pytest.fixture
def chosen() -> Iterator[dict[str, str]]:
    """What the reader may choose. PostgreSQL's user goes into the folder, and out of others'."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-guide-"))
    folder.chmod(0o711)
    ports = dict(zip(PORTS, different_ports(len(PORTS)), strict=True))
    owner = unprivileged_user()
    try:
        programs = find_programs() or programs_from_wheel(folder / "programs")
        user = {"POSTGRES_USER": owner.pw_name} if owner else {}
        # Less time to leave than the page has: what it says of lost requests is none the easier.
        yield {"PLACE": str(folder / "place"), "POSTGRES_BIN": str(programs), "LEAVING": "1", **user, **ports}
    finally:
        end_what_is_left(folder / "place")
        shutil.rmtree(folder)


def different_ports(count: int) -> list[str]:
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port(OWN_PORTS))
    return [str(port) for port in found]


def end_what_is_left(place: Path) -> None:
    """Where the page was not done to its end."""
    for path in (place / "node-1.pid", place / "node-2.pid", place / "nginx/nginx.pid"):
        if path.exists():
            end(int(path.read_text()), signal.SIGTERM)
    postmaster = place / "postgres/data/postmaster.pid"
    if postmaster.exists():
        end(int(postmaster.read_text().splitlines()[0]), signal.SIGINT)


def end(pid: int, how: signal.Signals) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    try:
        os.kill(pid, how)
        while time.monotonic() < deadline and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.05)
    except (ProcessLookupError, FileNotFoundError):
        return


def type_in(commands: str, folder: Path, chosen: Mapping[str, str]) -> tuple[int, str, str]:
    """By a shell that stops at the first failure, of somebody at whose home there is nothing."""
    home = folder / "home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **chosen}
    typed, out, err = (folder / name for name in ("typed.sh", "out", "err"))
    typed.write_text(commands)
    # Files, because what the page leaves running would hold a pipe open.
    with out.open("w") as stdout, err.open("w") as stderr:
        shell = subprocess.Popen(
            ["/bin/sh", "-eu", typed],
            cwd=HERE,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        code = shell.wait(LONGEST_SECONDS)
    finally:
        # Whatever it has left in the background.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    # pip asks for the compiler of Rust, and where there is one that may settle there.
    assert [path for path in home.rglob("*") if "ostiary" in path.name.lower()] == []
    return code, out.read_text(), err.read_text()


def test_leads_from_nothing_to_two_nodes(tmp_path: Path, chosen: dict[str, str]) -> None:
    blocks, _ = guide()
    code, printed, complaints = type_in(script(blocks), tmp_path, chosen)
    broken = faults(blocks, printed, {said: chosen[name] for name, said in PORTS.items()})
    assert not broken, told([*broken, complaints[-3000:]])
    assert code == 0
    assert not Path(chosen["PLACE"]).exists()
    # The system takes a moment to close what was killed.
    eventually(lambda: not [name for name in PORTS if is_listening(int(chosen[name]))])


def test_leaves_only_what_it_says_to_those_with_root_a_network_or_systemd() -> None:
    _, not_run = guide()
    assert not_run == [PACKAGES, ON_EACH_NODE.rstrip()]


def test_runs_every_block_of_commands() -> None:
    blocks, _ = guide()
    marked = sum((HERE / name).read_text().count("```sh\n") for name in (GUIDE, OPERATIONS))
    assert len(blocks) == marked + 1


def planted(*fences: tuple[str, str]) -> str:
    return "\n".join(f"Do this:\n\n```{language}\n{text}\n```" for language, text in fences)


@pytest.mark.parametrize(
    "text",
    [
        planted(("bash", "true")),
        planted(("", "true")),
        planted(("text", "alone")),
        planted(("sh", "true"), ("text", "of nothing right before")),
        "```sh\ntrue\n",
        "- in a list\n\n  ```sh\n  true\n  ```\n",
    ],
)
def test_complains_about_a_block_that_nobody_would_run(text: str) -> None:
    with pytest.raises(Unreadable):
        read("planted.md", text)


@pytest.mark.parametrize(
    ("commands", "shown", "is_right"),
    [
        ("echo one", "one", True),
        ("echo one 2 three", "one … three", True),
        ("printf '1\\n2\\n3\\n4\\n'", "1\n…\n4", True),
        ("printf '1\\n2\\n3\\n4\\n'", "1\n…\n3", False),
        ("echo one", "two", False),
        ("echo one; echo 502", "… 200", False),
        ("true", "one", False),
        ("port=7; echo $port", "8401", True),
        ("false; echo one", "one", False),
        ("echo $nobody_set_this", "", False),
    ],
)
def test_compares_what_is_shown(tmp_path: Path, commands: str, shown: str, is_right: bool) -> None:
    blocks = read("planted.md", f"```sh\n{commands}\n```\n\n```text\n{shown}\n```\n").blocks
    _, printed, _ = type_in(script(blocks), tmp_path, {})
    assert (faults(blocks, printed, {"8401": "7"}) == []) is is_right


def test_says_which_block_did_not_get_to_its_end(tmp_path: Path) -> None:
    blocks = read("planted.md", planted(("sh", "echo 1"), ("sh", "echo 2; false"), ("sh", "echo 3"))).blocks
    code, printed, _ = type_in(script(blocks), tmp_path, {})
    assert code == 1
    assert [each.splitlines()[0] for each in faults(blocks, printed, {})] == [
        "planted.md:8 did not get to its end:",
    ]
