"""A disk that is full: reads go on, writes are refused as what they are, and all is well once there is room again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.small_disk import TRIALS
from tests.faults.tools import program

HERE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("trial", TRIALS)
def test_goes_through_with_it_on_a_small_disk(trial: str, tmp_path: Path) -> None:
    """In a process that may mount, and whose mounts nobody else sees."""
    data = tmp_path / "data"
    data.mkdir()
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        [program("unshare"), "--mount", *as_root, sys.executable, "-m", "tests.faults.small_disk", trial, data],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
