"""The door of every service function: the kind of subject first, then the scope."""

import dataclasses

import pytest

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY, Scope
from ostiary.errors import Forbidden, Unauthorized

NORTH = Actor(
    subject=Subject.BANK, guid="n", organization_guid="a", bank_guid="b", scopes=frozenset({Scope.BANKS_READ})
)


def test_opens_for_the_right_subject_with_the_scope() -> None:
    NORTH.must(Scope.BANKS_READ)
    NORTH.must(Scope.BANKS_READ, Subject.BANK)
    NORTH.must(Scope.BANKS_READ, Subject.ORGANIZATION, Subject.BANK)


def test_asks_for_the_subject_before_the_scope() -> None:
    with pytest.raises(Unauthorized) as refusal:
        NORTH.must(Scope.CUSTOMERS_READ, Subject.ORGANIZATION)
    assert refusal.value.body == {
        "status": 401,
        "message_code": "invalid_subject",
        "error_message": "Invalid Subject type. Required: organization",
        "rule": "subject",
        "subject": "bank",
        "what_to_do": "Use the token of an organization key.",
    }


def test_names_the_scope_that_is_missing() -> None:
    with pytest.raises(Forbidden) as refusal:
        NORTH.must(Scope.CUSTOMERS_READ, Subject.BANK)
    assert refusal.value.body == {
        "status": 403,
        "message_code": "invalid_scopes",
        "error_message": "Invalid scopes. Required: customers:read",
        "rule": "scope",
        "required": ["customers:read"],
        "what_to_do": "A bank key, an organization key or a customer may hold it: ask for it when you make the token.",
    }


@pytest.mark.parametrize("scope", [Scope.BANKS_WRITE, Scope.BANKS_EXECUTE, Scope.CUSTOMERS_PII_READ])
def test_takes_no_scope_for_another(scope: Scope) -> None:
    assert not NORTH.may(scope)
    with pytest.raises(Forbidden):
        NORTH.must(scope)


def test_grants_nothing_to_an_actor_without_scopes() -> None:
    nobody = Actor(subject=Subject.BANK)
    assert [scope for scope in Scope if nobody.may(scope)] == []


def test_opens_every_door_for_the_operator() -> None:
    operator = Actor.operator()
    for scope in Scope:
        operator.must(scope, Subject.BANK)
        operator.must(scope, Subject.OPERATOR)
    assert (operator.guid, operator.organization_guid, operator.bank_guid) == ("", "", "")


def test_keeps_operators_doors_shut_for_tokens() -> None:
    mighty = Actor(subject=Subject.ORGANIZATION, scopes=frozenset(Scope))
    with pytest.raises(Unauthorized):
        mighty.must(Scope.BANKS_EXECUTE, Subject.OPERATOR)


@pytest.mark.parametrize(
    ("scope", "advice"),
    [
        (Scope.BANKS_READ, "A bank key or an organization key may hold it: ask for it when you make the token."),
        (Scope.CUSTOMERS_WRITE, "A bank key or a customer may hold it: ask for it when you make the token."),
        (Scope.USERS_WRITE, "No key can hold it: this is done by people, in the dashboard."),
    ],
)
def test_says_who_may_hold_a_scope(scope: Scope, advice: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        Actor(subject=Subject.BANK).must(scope)
    assert refusal.value.more["what_to_do"] == advice


def test_is_a_value_that_nobody_changes_on_the_way() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        NORTH.bank_guid = "other"  # type: ignore[misc]  # the point of the test


def test_gives_no_key_a_right_of_people() -> None:
    assert not MANAGEMENT & (ORGANIZATION_KEY | BANK_KEY)


def test_lets_no_key_make_keys_or_organizations_key_make_customers() -> None:
    both = ORGANIZATION_KEY | BANK_KEY
    assert not {Scope.BANK_APPLICATIONS_EXECUTE, Scope.ORGANIZATION_APPLICATIONS_EXECUTE} & both
    assert Scope.CUSTOMERS_EXECUTE in BANK_KEY - ORGANIZATION_KEY
    assert Scope.BANKS_EXECUTE in ORGANIZATION_KEY - BANK_KEY
