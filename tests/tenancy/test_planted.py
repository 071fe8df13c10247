"""The walk finds what is wrong: each planted fault must make it fail, and for the right reason."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries as applications
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer, CustomerState
from ostiary.errors import NotFound
from ostiary.organizations import queries as organizations
from tests.oauth.desk import OPERATOR
from tests.tenancy.cast import Cast
from tests.tenancy.visitors import Visitors
from tests.tenancy.walks import FAILING, walk

# Most need about a hundred, none was seen to need six hundred.
MOST_STEPS = 5000


@pytest.mark.parametrize(
    ("queries", "subject"),
    [
        (organizations, Subject.ORGANIZATION),
        (banks, Subject.ORGANIZATION),
        (banks, Subject.BANK),
        (applications, Subject.ORGANIZATION),
        (applications, Subject.BANK),
        (customers, Subject.ORGANIZATION),
        (customers, Subject.BANK),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_notices_a_missing_tenant_predicate(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, queries: ModuleType, subject: Subject
) -> None:
    as_always: Callable[[Actor], Select[Any]] = queries.visible_to

    def forgets(actor: Actor) -> Select[Any]:
        # What the operator sees has no WHERE.
        return as_always(OPERATOR if actor.subject is subject else actor)

    monkeypatch.setattr(queries, "visible_to", forgets)
    fails(cast, "the model says|told from nobody|foreign rows were read|rows were changed")


def test_notices_a_foreign_row_that_is_read_and_not_shown(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = customers.get

    def looks_first(db: Session, actor: Actor, guid: str) -> Customer:
        db.scalar(select(Customer).where(Customer.guid == guid))
        return as_always(db, actor, guid)

    monkeypatch.setattr(customers, "get", looks_first)
    fails(cast, "foreign rows were read")


def test_notices_a_write_that_goes_too_far(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = banks.get

    def freezes(db: Session, actor: Actor, guid: str) -> Bank:
        found = as_always(db, actor, guid)
        # Forgets to say whom.
        everybody = update(Customer).values(state=CustomerState.FROZEN)
        db.execute(everybody, execution_options={"synchronize_session": False})
        return found

    monkeypatch.setattr(banks, "get", freezes)
    fails(cast, "rows were changed")


def test_notices_that_a_stranger_is_told_from_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = banks.get

    def tells(db: Session, actor: Actor, guid: str) -> Bank:
        if banks.find(db, actor, guid) is None and db.scalar(select(Bank.guid).where(Bank.guid == guid)):
            raise NotFound("bank of yours")
        return as_always(db, actor, guid)

    monkeypatch.setattr(banks, "get", tells)
    fails(cast, "told from nobody")


def fails(cast: Cast, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        walk(Visitors, cast, MOST_STEPS, FAILING)
