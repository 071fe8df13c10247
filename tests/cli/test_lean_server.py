"""A server stands for months, so it does not load what only other commands need, or nobody."""

import subprocess
import sys

SCRIPT = """
import sys
sys.argv = ["ostiary", "serve"]
import ostiary.cli
print(*{name.partition(".")[0] for name, module in sys.modules.items() if module})
print("pydantic.v1.main" in sys.modules)
"""


def test_loads_nothing_it_does_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded, has_old_models = done.stdout.splitlines()
    assert {"fastapi", "uvicorn"} <= set(loaded.split())
    assert not {"alembic", "greenlet", "httpx2", "psycopg", "rich", "typer", "zxcvbn"} & set(loaded.split())
    assert has_old_models == "False"
