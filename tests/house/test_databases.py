"""The second run leaves out what opens no database: fixtures say which, so nobody else may open PostgreSQL's."""

import ast

from tests.house.tree import functions, python_sources, takes, told

OPENER = "running_postgres"
BY_NAME = "getfixturevalue"
AT_HOME = {"tests/conftest.py", "tests/postgres.py", "tests/house/test_databases.py"}
# From one database to the other takes both, whichever is under test.
NEEDS_BOTH = {"tests/recovery/test_move.py"}


def other_ways(path: str, source: str) -> list[str]:
    broken = []
    if OPENER in source and path not in AT_HOME | NEEDS_BOTH:
        broken.append(f"{path} starts a PostgreSQL of its own; take the fixture `postgres`, or it is never run on one.")
    for function in functions(ast.parse(source)):
        called = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
        if BY_NAME in called and not (function.name.startswith("test_") and takes(function, "request")):
            broken.append(f"{path}: {function.name} asks for fixtures by name; only a test itself may, by `request`.")
    return broken


def test_leads_to_a_database_by_fixtures() -> None:
    broken = [one for path, source in python_sources("tests").items() for one in other_ways(path, source)]
    assert not broken, told(broken)


def test_notices_another_way() -> None:
    by_helper = "def given(request):\n    return request.getfixturevalue('database')\n"
    assert other_ways("tests/users/ways_in.py", f"with {OPENER}() as server: pass\n")
    assert other_ways("tests/users/ways_in.py", by_helper)
    assert not other_ways("tests/users/test_planted.py", by_helper.replace("given", "test_notices"))
