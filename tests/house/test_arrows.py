"""Imports point down and, within the slices, to the left (docs: the plan of the house); there are no circles."""

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.house.tree import (
    GROUND,
    PAGES,
    PROTOCOL,
    ROOF,
    SHARED,
    SLICES,
    Sources,
    module_name,
    python_sources,
    room,
    told,
)

FLOORS = {
    **dict.fromkeys(GROUND, 0),
    "access": 1,
    "db": 1,
    "limits": 1,
    "web": 2,
    **{name: 3 + place for place, name in enumerate(SLICES)},
    **dict.fromkeys(PROTOCOL, 3 + len(SLICES)),
    **dict.fromkeys(PAGES, 4 + len(SLICES)),
    **dict.fromkeys(ROOF, 5 + len(SLICES)),
}

# Slices meet only at the counter.
COUNTER = {"queries", "models"}
EVENTS_COUNTER = {"record", "catalog", "words"}

Imports = Mapping[str, set[str]]


def imports_of(module: str, source: str, known: set[str]) -> set[str]:
    """The modules of ours that `module` imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            # `from ostiary.banks import queries` imports a module, `from ostiary.clock import now` a name of one.
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}
    return {name for name in found if name.split(".")[0] == "ostiary"} - {module}


def import_graph(sources: Sources) -> Imports:
    named = {module_name(path): source for path, source in sources.items()}
    return {module: imports_of(module, source, set(named)) for module, source in named.items()}


def wrong_arrows(graph: Imports) -> list[str]:
    broken: list[str] = []
    for module, imported in sorted(graph.items()):
        for target in sorted(imported):
            here, there = room(module), room(target)
            if here == there or not here or not there:
                continue
            broken += arrow(module, target, here, there)
    return broken


def arrow(module: str, target: str, here: str, there: str) -> Iterator[str]:
    if here not in FLOORS or there not in FLOORS:
        stranger = here if here not in FLOORS else there
        yield f"{module}: the room “{stranger}” is not in the plan; use one that is, or add it there and to FLOORS."
    elif FLOORS[there] > FLOORS[here]:
        yield f"{module} imports {target}, above it or to its right; hand the thing down as an argument instead."
    elif here in SLICES and there in SLICES and not at_the_counter(target, there):
        yield (
            f"{module} imports {target}; of another slice use only its queries, its models and events.record: "
            "what both need belongs into one of those, or below the slices."
        )
    elif there == "app" and here not in {"cli", "__main__"}:
        yield f"{module} imports {target}; app puts everything together and only the command line starts from it."


def at_the_counter(target: str, there: str) -> bool:
    counter = COUNTER | EVENTS_COUNTER if there == "events" else COUNTER
    parts = target.split(".")
    return len(parts) > 2 and parts[2] in counter


def circles(graph: Imports) -> list[str]:
    """One sentence per module that reaches itself, naming the way round."""
    broken = []
    for start in sorted(graph):
        way = way_back(graph, start)
        # Each circle is told once, by its first module in the alphabet.
        if way and start == min(way):
            broken.append(f"{' → '.join([*way, start])} is a circle; move what both need to a module below them.")
    return broken


def way_back(graph: Imports, start: str) -> list[str]:
    ways = [[start]]
    seen = set()
    while ways:
        way = ways.pop(0)
        for target in sorted(graph.get(way[-1], ())):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def hidden_imports(path: str, source: str) -> list[str]:
    broken = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            broken += [
                f"{path}:{inner.lineno}: an import inside {node.name}; put it at the top, and if that makes a circle, "
                "move what both need to a module below them."
                for inner in ast.walk(node)
                if isinstance(inner, ast.Import | ast.ImportFrom)
            ]
        elif isinstance(node, ast.ImportFrom) and node.level:
            broken.append(f"{path}:{node.lineno}: a relative import; write the full name, so that arrows can be read.")
        elif (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING") or (
            isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING"
        ):
            broken.append(f"{path}:{node.lineno}: TYPE_CHECKING hides a circle; move what both need to a module below.")
    return broken


def test_imports_only_downwards_and_leftwards() -> None:
    broken = wrong_arrows(import_graph(python_sources("src")))
    assert not broken, told(broken)


def test_has_no_import_circles() -> None:
    broken = circles(import_graph(python_sources("src")))
    assert not broken, told(broken)


def test_hides_no_imports() -> None:
    broken = [each for path, source in python_sources().items() for each in hidden_imports(path, source)]
    assert not broken, told(broken)


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("clock", "from ostiary import settings, access"),
        ("db/store", "from ostiary.web import routes"),
        ("access/actor", "import ostiary.web.routes"),
        ("web/routes", "from ostiary.banks.models import Bank"),
        ("banks/service", "from ostiary.customers import queries as customers"),
        ("customers/service", "from ostiary.oauth.bearer import actor_of"),
        ("customers/service", "from ostiary.banks import service as banks"),
        ("customers/service", "from ostiary.events.delivery import deliver_due"),
        ("oauth/token", "from ostiary.app import create_app"),
        ("tables", "from ostiary.app import create_app"),
        ("web/routes", "from ostiary.attic import boxes"),
    ],
)
def test_complains_about_an_arrow_that_points(importer: str, line: str) -> None:
    known = ("access/__init__", "settings", "web/routes", "banks/service", "customers/queries", "attic/boxes")
    planted = {f"src/ostiary/{name}.py": "" for name in known} | {f"src/ostiary/{importer}.py": line}
    assert len(wrong_arrows(import_graph(planted))) == 1


def test_is_content_with_arrows_that_point_down_and_left() -> None:
    line = (
        "from ostiary import clock\nfrom ostiary.banks import queries as banks\n"
        "from ostiary.events.record import record\nfrom ostiary.customers.models import Customer"
    )
    planted = {
        "src/ostiary/clock.py": "",
        "src/ostiary/banks/queries.py": "",
        "src/ostiary/customers/service.py": line,
        "src/ostiary/cli/serve.py": "from ostiary.app import create_app",
    }
    assert wrong_arrows(import_graph(planted)) == []


def test_complains_about_a_circle_once() -> None:
    a, b, c = (f"src/ostiary/web/{name}.py" for name in "abc")
    planted = {a: "import ostiary.web.b", b: "from ostiary.web import c", c: "from ostiary.web.a import thing"}
    assert len(circles(import_graph(planted))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def late():\n    import json\n",
        "class Shelf:\n    async def late(self):\n        from json import loads\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\n",
        "import typing\nif typing.TYPE_CHECKING:\n    pass\n",
        "from . import queries\n",
    ],
)
def test_complains_about_a_hidden_import(source: str) -> None:
    assert len(hidden_imports("planted.py", source)) == 1


def test_knows_every_floor_of_the_plan() -> None:
    assert set(FLOORS) == {*GROUND, *SHARED, *SLICES, *PROTOCOL, *PAGES, *ROOF}
