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


def said_by(script: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_supervises_without_what_is_supervised() -> None:
    (loaded,) = said_by("import sys, ostiary.supervisor; print(*{name.partition('.')[0] for name in sys.modules})")
    assert "ostiary" in loaded.split()
    assert not {"cryptography", "fastapi", "sqlalchemy", "uvicorn"} & set(loaded.split())


def test_loads_nothing_it_does_not_need() -> None:
    loaded, has_old_models = said_by(SCRIPT)
    assert {"fastapi", "uvicorn"} <= set(loaded.split())
    assert not {"alembic", "greenlet", "httpx2", "psycopg", "rich", "typer", "zxcvbn"} & set(loaded.split())
    assert has_old_models == "False"
