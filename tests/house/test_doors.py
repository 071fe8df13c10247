"""Every service function begins at its door: who is asking is checked before anything else is done."""

import ast

import pytest

from tests.house.tree import SLICES, FunctionNode, public_functions, python_sources, takes, told


def open_doors(path: str, source: str) -> list[str]:
    """The public functions of a service that do anything before `actor.must(…)`."""
    broken = []
    for function in public_functions(source):
        place = f"{path}:{function.lineno}: {function.name}"
        if not takes(function, "actor"):
            broken.append(f"{place} takes no actor; a service does nothing without knowing who asks.")
        elif not begins_with_the_door(function):
            broken.append(f"{place} does not begin with actor.must(Scope.…); make that its first statement.")
    return broken


def begins_with_the_door(function: FunctionNode) -> bool:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    match body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="actor"), attr="must"))), *_]:
            return True
        case _:
            return False


def services() -> dict[str, str]:
    """Also those of a topic that has a folder of its own within its slice."""
    sources = python_sources("src").items()
    return {path: text for path, text in sources if path.endswith("/service.py") and path.split("/")[2] in SLICES}


def test_asks_who_it_is_first_in_every_service_function() -> None:
    assert services(), "no slice has a service.py: has the plan of the house changed?"
    broken = [each for path, source in services().items() for each in open_doors(path, source)]
    assert not broken, told(broken)


@pytest.mark.parametrize(
    "source",
    [
        "def get(db, guid):\n    return 1",
        "def get(db, actor, guid):\n    return queries.get(db, actor, guid)",
        "def get(db, actor, guid):\n    found = 1\n    actor.must(Scope.BANKS_READ)",
        "def get(db, actor, guid):\n    if guid:\n        actor.must(Scope.BANKS_READ)",
        "def get(db, actor, guid):\n    actor.may(Scope.BANKS_READ)",
        "async def get(db, *, actor):\n    'Says nothing of a door.'\n    other.must(Scope.BANKS_READ)",
    ],
)
def test_complains_about_an_open_door(source: str) -> None:
    assert len(open_doors("planted.py", source)) == 1


def test_is_content_with_a_door_after_a_docstring() -> None:
    source = "def get(db, *, actor):\n    '''Shown once.'''\n    actor.must(Scope.X)\n\ndef _inner(db):\n    return 1"
    assert open_doors("planted.py", source) == []
