"""Every operation of the API, asked by every kind of caller, about everything it could name (checks: A-01)."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.settings import Settings
from tests.apps import app_on
from tests.matrix.rows import CALLERS, ROWS, Caller, Row, expected
from tests.matrix.scene import Scene
from tests.oauth.desk import Desk, operations
from tests.people import Cast, add_bank

REFUSED = 400


@pytest.fixture
def scene(desk: Desk, settings: Settings, tmp_path: Path) -> Iterator[Scene]:
    cast = Cast(desk.ostiary, settings)
    vault = add_bank(cast.store, cast.acme, "Vault", is_production=True)
    elsewhere = Settings(data_dir=tmp_path / "elsewhere", database_url=SecretStr(f"sqlite:///{tmp_path}/elsewhere.db"))
    with app_on(elsewhere) as other:
        yield Scene(desk, cast, vault, other.keys)


def test_knows_every_operation_there_is(desk: Desk) -> None:
    known = {row.operation for row in ROWS}
    there = {operation for operation in operations(desk.ostiary) if " /api/" in operation}
    assert not there - known, f"{sorted(there - known)}: say in tests/matrix/rows.py who may do this, and to what"
    assert not known - there, f"{sorted(known - there)}: no such operation any more"


def test_answers_every_caller_as_the_table_says(scene: Scene) -> None:
    wrong = [told for row in ROWS for caller in CALLERS for told in deviations(scene, row, caller)]
    assert not wrong, "\n".join(wrong)


def deviations(scene: Scene, row: Row, caller: Caller) -> Iterator[str]:
    for relation in row.relations:
        for has_scope in (True, False) if caller.refusal is None else (True,):
            answer = scene.ask(row, caller, relation, has_scope=has_scope)
            said = (answer.status, answer.json["message_code"] if answer.status >= REFUSED else "")
            wanted = expected(row, caller, relation, has_scope=has_scope)
            if said != wanted:
                scope = "with" if has_scope else "without"
                yield f"{row.operation}: {caller.name}, {relation}, {scope} the scope: {said} instead of {wanted}"


def test_would_find_a_door_that_stands_open(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each planted fault takes one question away."""
    as_always = Actor.must

    def scope_alone(actor: Actor, scope: Scope, *_: Subject) -> None:
        as_always(actor, scope)

    def subject_alone(actor: Actor, scope: Scope, *subjects: Subject) -> None:
        as_always(dataclasses.replace(actor, scopes=frozenset(Scope)), scope, *subjects)

    def nothing(*_: object, **__: object) -> None:
        pass

    for name, fault in (("must", scope_alone), ("must", subject_alone), ("must_there", nothing)):
        with monkeypatch.context() as planted:
            planted.setattr(Actor, name, fault)
            assert any(told for row in ROWS for caller in CALLERS for told in deviations(scene, row, caller)), fault
