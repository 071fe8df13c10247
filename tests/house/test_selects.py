"""Tenancy is a query: every SELECT stands in a slice's queries.py, and each begins from who is asking."""

import ast
import re

import pytest

from tests.house.tree import SLICES, public_functions, python_sources, takes, told

WATCHED = (*SLICES, "oauth", "web", "cli", "app.py", "house.py", "upkeep.py", "access", "dashboard", "recovery")

# Look-ups nobody asks for: they make an actor, or serve the worker. `by_…` says so in the name.
WITHOUT_ACTOR = {
    "events.claim_due",
    "events.is_anything_due",
}

SESSIONS = {"db", "session"}
SELECT_TEXT = re.compile(r"\s*(SELECT|WITH)\s")
ADVICE = "move it to the slice's queries.py and begin it from visible_to(actor)."


def stray_selects(path: str, source: str) -> list[str]:
    """Whatever reads rows in a file that is not a queries.py."""
    tree = ast.parse(source)
    return [
        f"{path}:{node.lineno}: {seen} reads the database; {ADVICE}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Constant) and (seen := reading(node))
    ]


def reading(node: ast.Call | ast.Constant) -> str:
    match node:
        case ast.Call(func=ast.Name(id="select")):
            return "select(…)"
        case ast.Call(func=ast.Attribute(attr="select" | "query" as name)):
            return f".{name}(…)"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get" | "get_one" as verb)) if name in SESSIONS:
            return f"{name}.{verb}(…)"
        case ast.Constant(value=str(text)) if SELECT_TEXT.match(text):
            return "SQL in a string"
        case _:
            return ""


def askerless_queries(path: str, source: str) -> list[str]:
    """Public look-ups that nobody asks for, although their names do not say so."""
    slice_name = path.split("/")[-2]
    return [
        f"{path}:{function.lineno}: {function.name} takes no actor; begin it from visible_to(actor), or, if it makes "
        "actors, call it by_… after what it looks up."
        for function in public_functions(source)
        if not takes(function, "actor")
        and not function.name.startswith("by_")
        and f"{slice_name}.{function.name}" not in WITHOUT_ACTOR
    ]


def queries() -> dict[str, str]:
    return {path: source for path, source in python_sources("src").items() if path.endswith("/queries.py")}


def test_selects_only_in_queries() -> None:
    broken = []
    for path, source in python_sources("src").items():
        if path.split("/")[2] in WATCHED and not path.endswith("/queries.py"):
            broken += stray_selects(path, source)
    assert not broken, told(broken)


def test_asks_for_an_actor_in_every_query() -> None:
    assert queries(), "no slice has a queries.py: has the plan of the house changed?"
    broken = [each for path, source in queries().items() for each in askerless_queries(path, source)]
    assert not broken, told(broken)


def test_lists_no_query_that_is_gone() -> None:
    named = {
        f"{path.split('/')[-2]}.{each.name}" for path, text in queries().items() for each in public_functions(text)
    }
    assert named >= WITHOUT_ACTOR, f"take these out of WITHOUT_ACTOR: {sorted(WITHOUT_ACTOR - named)}"


@pytest.mark.parametrize(
    "source",
    [
        "banks = db.scalars(select(Bank))",
        "banks = db.scalars(sa.select(Bank))",
        "banks = db.query(Bank)",
        "bank = db.get(Bank, guid)",
        "bank = session.get_one(Bank, guid)",
        "db.execute(text('SELECT 1 FROM banks'))",
        "SQL = '''\n  SELECT guid FROM banks'''",
    ],
)
def test_complains_about_a_stray_select(source: str) -> None:
    assert len(stray_selects("planted.py", source)) == 1


def test_is_content_with_what_only_looks_like_a_select() -> None:
    source = "'''Every SELECT lives elsewhere.'''\nqueries.get(db, actor, guid)\nheaders.get('x')\nselect_scopes(1)"
    assert stray_selects("planted.py", source) == []


def test_complains_about_a_query_nobody_asks_for() -> None:
    source = "def get(db, guid): ...\ndef page(db, actor): ...\ndef by_client_id(db, client_id): ...\ndef _all(db): ..."
    assert len(askerless_queries("src/ostiary/banks/queries.py", source)) == 1
