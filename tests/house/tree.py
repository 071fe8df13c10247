"""The source tree as the house rules see it: paths and text, read once per question."""

import ast
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PYTHON_FOLDERS = ("src", "tests", "bench")

# From the bottom upwards; each may import what stands before it.
GROUND = ("errors", "settings", "clock", "crypto")
SHARED = ("access", "db", "limits", "web")
SLICES = ("events", "organizations", "banks", "users", "applications", "customers", "webhooks")
PROTOCOL = ("oauth",)
# Pages that show several slices, and what the protocol says of a token.
PAGES = ("dashboard",)
ROOF = (
    "tables",
    "migrations",
    "house",
    "recovery",
    "upkeep",
    "metrics",
    "traces",
    "app",
    "activation",
    "supervisor",
    "cli",
    "__main__",
)

# Path, seen from the repository, to text.
Sources = Mapping[str, str]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def python_sources(*folders: str) -> Sources:
    """Every Python file of the repository, or of some folders, by its path."""
    found = {}
    for folder in folders or PYTHON_FOLDERS:
        for path in sorted((HERE / folder).rglob("*.py")):
            found[path.relative_to(HERE).as_posix()] = path.read_text()
    assert found, f"no Python file in {folders or PYTHON_FOLDERS}: has a folder moved?"
    return found


def repository_files() -> list[str]:
    """What is committed, and what would be: everything git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout
    files = sorted({name for name in listed.split("\0") if name and (HERE / name).is_file()})
    assert files, "git lists no file here: run the tests in a clone"
    return files


def module_name(path: str) -> str:
    """`src/ostiary/banks/queries.py` is `ostiary.banks.queries`."""
    parts = Path(path).with_suffix("").parts
    return ".".join(parts[1:-1] if parts[-1] == "__init__" else parts[1:])


def room(module: str) -> str:
    """The folder or file right under the package: `ostiary.banks.queries` stands in `banks`."""
    return module.split(".")[1] if "." in module else ""


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def public_functions(source: str) -> Iterator[FunctionNode]:
    """What other modules may call: top-level functions without an underscore."""
    for node in ast.parse(source).body:
        if isinstance(node, FunctionNode) and not node.name.startswith("_"):
            yield node


def takes(function: FunctionNode, parameter: str) -> bool:
    arguments = function.args
    return parameter in {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def told(broken: list[str]) -> str:
    """The broken rules as one message, a sentence a line."""
    return "\n" + "\n".join(broken)
