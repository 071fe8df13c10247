"""Tokens of people: they hold what was approved and the role still has, and end with whatever they stand on."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.banks.models import Bank
from ostiary.organizations.models import Organization
from ostiary.users import session
from ostiary.users.models import Login, Membership, User
from tests.apps import client_of
from tests.people import ADDRESS, Cast, open_login, user_token

Change = Callable[[Session, Cast], object]


def api(cast: Cast, token: str) -> TestClient:
    return client_of(cast.ostiary, cast.settings, ADDRESS, {"Authorization": f"Bearer {token}"})


def token_of(cast: Cast, name: str, *, bank_guid: str | None = None, scope: str | None = None) -> str:
    return user_token(cast.ostiary, open_login(cast.store, cast[name], bank_guid=bank_guid, scope=scope))


def create_customer(client: TestClient, **more: str) -> tuple[int, dict[str, str]]:
    answer = client.post("/api/customers", json={"type": "individual", **more})
    return answer.status_code, answer.json()


def test_sees_the_own_organization_and_no_other(cast: Cast) -> None:
    client = api(cast, token_of(cast, "Alice"))
    banks = client.get("/api/banks").json()["objects"]
    assert {each["guid"] for each in banks} == {cast.north, cast.south}
    assert client.get(f"/api/banks/{cast.east}").status_code == 404
    assert client.get(f"/api/organizations/{cast.globex}").status_code == 404


def test_runs_in_the_bank_it_was_bound_to(cast: Cast) -> None:
    status, customer = create_customer(api(cast, token_of(cast, "Dana", bank_guid=cast.south)), bank_guid=cast.north)
    assert (status, customer["bank_guid"]) == (201, cast.south)


def test_runs_in_no_bank_without_one(cast: Cast) -> None:
    status, refusal = create_customer(api(cast, token_of(cast, "Alice")), bank_guid=cast.north)
    assert (status, refusal["error_message"]) == (401, "Invalid Subject type. Required: bank")


def test_holds_no_more_than_the_role(cast: Cast) -> None:
    status, refusal = create_customer(api(cast, token_of(cast, "Bob", bank_guid=cast.south)))
    assert (status, refusal["message_code"]) == (403, "invalid_scopes")


def test_holds_no_more_than_was_approved(cast: Cast) -> None:
    client = api(cast, token_of(cast, "Alice", bank_guid=cast.south, scope="banks:read"))
    assert client.get("/api/banks").status_code == 200
    assert create_customer(client)[0] == 403


def test_ends_where_production_begins(cast: Cast) -> None:
    token = token_of(cast, "Dana", bank_guid=cast.south)
    with cast.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.south).values(type="production"))
    # What the token says of its bank is no longer so.
    assert api(cast, token).get("/api/banks").json()["error_message"] == "Token no longer matches its login"
    status, refusal = create_customer(api(cast, token_of(cast, "Dana", bank_guid=cast.south)))
    assert (status, refusal["message_code"]) == (403, "invalid_scopes")


def test_a_smaller_role_counts_at_once(cast: Cast) -> None:
    client = api(cast, token_of(cast, "Dana", bank_guid=cast.south))
    assert create_customer(client)[0] == 201
    with cast.store.writing() as db:
        db.execute(sa.update(Membership).where(Membership.guid == cast["Dana"].membership_guid).values(role="viewer"))
    assert create_customer(client)[0] == 403


ENDS: dict[str, tuple[Change, str]] = {
    "login taken away": (lambda db, _: db.execute(sa.delete(Login)), "Login ended"),
    "login expired": (lambda db, _: db.execute(sa.update(Login).values(expires_at=clock.now())), "Login ended"),
    "member disabled": (
        lambda db, _: db.execute(sa.update(Membership).values(disabled_at=clock.now())),
        "User disabled",
    ),
    "user disabled": (lambda db, _: db.execute(sa.update(User).values(disabled_at=clock.now())), "User disabled"),
    "bank closed": (lambda db, _: db.execute(sa.update(Bank).values(closed_at=clock.now())), "Bank closed"),
    "organization closed": (
        lambda db, _: db.execute(sa.update(Organization).values(closed_at=clock.now())),
        "Organization closed",
    ),
    "signed out everywhere": (lambda db, cast: session.end_all(db, cast["Dana"].user_guid), "Login ended"),
    "shut out here": (lambda db, cast: session.end_in(db, cast["Dana"].user_guid, cast.acme), "Login ended"),
}


@pytest.mark.parametrize("case", ENDS)
def test_ends_at_once(cast: Cast, case: str) -> None:
    change, text = ENDS[case]
    client = api(cast, token_of(cast, "Dana", bank_guid=cast.north))
    assert client.get("/api/banks").status_code == 200
    with cast.store.writing() as db:
        change(db, cast)
    answer = client.get("/api/banks")
    assert (answer.status_code, answer.json()["error_message"]) == (401, text)


def test_says_how_to_go_on_after_it_has_expired(cast: Cast) -> None:
    token = token_of(cast, "Alice")
    with time_machine.travel(clock.now().timestamp() + 3600, tick=False):
        answer = api(cast, token).get("/api/banks")
    assert (answer.status_code, answer.json()["error_message"]) == (401, "Signature has expired")
    assert "refreshes its own" in answer.json()["what_to_do"]


def test_others_stay_when_one_is_shut_out(cast: Cast) -> None:
    alice = api(cast, token_of(cast, "Alice"))
    with cast.store.writing() as db:
        session.end_all(db, cast["Dana"].user_guid)
        session.end_in(db, cast["Alice"].user_guid, cast.globex)
    assert alice.get("/api/banks").status_code == 200
