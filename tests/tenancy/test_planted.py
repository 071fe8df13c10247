"""The walk finds what is wrong: each planted fault must make it fail, and for the right reason."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries as applications
from ostiary.applications import service as keys
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer, CustomerState
from ostiary.errors import NotFound
from ostiary.organizations import queries as organizations
from ostiary.users import queries as users
from ostiary.users import service as people
from tests.oauth.desk import OPERATOR
from tests.tenancy.cast import Cast
from tests.tenancy.choices import Named, Relation, Who
from tests.tenancy.visitors import Visitors
from tests.tenancy.walks import FAILING, failing, walk

pytestmark = pytest.mark.any_database

# About a hundred are enough, most of the time.
MOST_STEPS = 5000
OF = {
    Subject.ORGANIZATION: Who(0, None),
    Subject.BANK: Who(0, 0),
    Subject.CUSTOMER: Who(0, 0, customer=0),
    Subject.USER: Who(0, None, role="owner"),
}
OWN, FOREIGN = Named(Relation.OWN, 0), Named(Relation.FOREIGN, 0)
Step = Callable[[Visitors, Who], None]


@pytest.mark.parametrize(
    ("queries", "subject", "step"),
    [
        (organizations, Subject.ORGANIZATION, lambda visitors, who: visitors.get_organization(who, FOREIGN, None)),
        (banks, Subject.ORGANIZATION, lambda visitors, who: visitors.get_bank(who, FOREIGN, None)),
        (banks, Subject.BANK, lambda visitors, who: visitors.get_bank(who, FOREIGN, None)),
        (applications, Subject.ORGANIZATION, lambda visitors, who: visitors.get_bank_application(who, FOREIGN, None)),
        (applications, Subject.BANK, lambda visitors, who: visitors.get_bank_application(who, FOREIGN, None)),
        (customers, Subject.ORGANIZATION, lambda visitors, who: visitors.get_customer(who, FOREIGN, {}, None)),
        (customers, Subject.BANK, lambda visitors, who: visitors.get_customer(who, FOREIGN, {}, None)),
        (customers, Subject.CUSTOMER, lambda visitors, who: visitors.get_customer(who, FOREIGN, {}, None)),
        (customers, Subject.USER, lambda visitors, who: visitors.get_customer(who, FOREIGN, {}, None)),
        (applications, Subject.USER, lambda visitors, who: visitors.get_bank_application(who, FOREIGN, None)),
        (users, Subject.ORGANIZATION, lambda visitors, who: visitors.get_user(who, FOREIGN, None)),
        (users, Subject.USER, lambda visitors, who: visitors.get_user(who, FOREIGN, None)),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_notices_a_missing_tenant_predicate(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, queries: ModuleType, subject: Subject, step: Step
) -> None:
    forget_the_tenant(monkeypatch, queries, subject)
    with failing(Visitors, cast, "answered 200 .* the model says .*status=404") as visitors:
        step(visitors, OF[subject])


def test_notices_a_customer_who_sees_the_whole_bank(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = customers.visible_to

    def forgets(actor: Actor) -> Select[Customer]:
        return as_always(replace(actor, subject=Subject.BANK) if actor.subject is Subject.CUSTOMER else actor)

    monkeypatch.setattr(customers, "visible_to", forgets)
    with failing(Visitors, cast, "answered 200 .* the model says .*status=404") as visitors:
        visitors.get_customer(OF[Subject.CUSTOMER], Named(Relation.SIBLING, 0), {}, None)
    with failing(Visitors, cast, "answered 200 .* the model says") as visitors:
        visitors.list_customers(OF[Subject.CUSTOMER], {}, {}, None, None, {})


def test_notices_a_token_for_a_customer_of_another_bank(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def sees_all(db: Session, _: Actor, guid: str) -> Customer | None:
        return db.scalar(select(Customer).where(Customer.guid == guid))

    monkeypatch.setattr(customers, "find", sees_all)
    with failing(Visitors, cast, "the model says .*no_customer") as visitors:
        visitors.create_customer_token(OF[Subject.BANK], FOREIGN, ["prices:read"], None, None)


def test_comes_across_a_missing_tenant_predicate(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_tenant(monkeypatch, customers, Subject.ORGANIZATION)
    # Whichever it meets first: a customer who is shown, or a bank that is missed in the customer's place.
    with pytest.raises(AssertionError, match=r"the model says|told from nobody"):
        walk(Visitors, cast, MOST_STEPS, FAILING)


def test_notices_a_foreign_row_that_is_read_and_not_shown(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = customers.get

    def looks_first(db: Session, actor: Actor, guid: str) -> Customer:
        db.scalar(select(Customer).where(Customer.guid == guid))
        return as_always(db, actor, guid)

    monkeypatch.setattr(customers, "get", looks_first)
    with failing(Visitors, cast, "foreign rows were read") as visitors:
        visitors.get_customer(OF[Subject.ORGANIZATION], FOREIGN, {}, None)


def test_notices_a_write_that_goes_too_far(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = banks.get_to_change

    def freezes(db: Session, actor: Actor, guid: str) -> Bank:
        found = as_always(db, actor, guid)
        # Forgets to say whom.
        everybody = update(Customer).values(state=CustomerState.FROZEN)
        db.execute(everybody, execution_options={"synchronize_session": False})
        return found

    monkeypatch.setattr(banks, "get_to_change", freezes)
    with failing(Visitors, cast, "rows were changed") as visitors:
        visitors.update_bank(OF[Subject.ORGANIZATION], OWN, "Ash", None, None)


def test_notices_that_somebody_gives_more_than_they_hold(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "may_give", lambda *_: True)
    with failing(Visitors, cast, "answered 201 .* the model says .*status=403") as visitors:
        visitors.create_user(Who(0, None, role="administrator"), "Ash", "owner", None, None)


def test_notices_that_a_key_holds_more_than_its_maker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "must_hold_all", lambda *_, **__: None)
    narrow = Who(0, None, frozenset({"organization_applications:execute"}), role="owner")
    with failing(Visitors, cast, "answered 201 .* the model says .*status=403") as visitors:
        visitors.create_organization_application(narrow, "Ash", None, None)


def test_notices_that_a_stranger_is_told_from_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = banks.get

    def tells(db: Session, actor: Actor, guid: str) -> Bank:
        if banks.find(db, actor, guid) is None and db.scalar(select(Bank.guid).where(Bank.guid == guid)):
            raise NotFound("bank of yours")
        return as_always(db, actor, guid)

    monkeypatch.setattr(banks, "get", tells)
    with failing(Visitors, cast, "told from nobody") as visitors:
        visitors.get_bank(OF[Subject.ORGANIZATION], FOREIGN, None)


def forget_the_tenant(monkeypatch: pytest.MonkeyPatch, queries: ModuleType, subject: Subject) -> None:
    as_always: Callable[[Actor], Select[Any]] = queries.visible_to

    def forgets(actor: Actor) -> Select[Any]:
        # What the operator sees has no WHERE.
        return as_always(OPERATOR if actor.subject is subject else actor)

    monkeypatch.setattr(queries, "visible_to", forgets)
