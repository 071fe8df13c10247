"""Every operation of the API answers the same four questions: no token, wrong kind, no scope, somebody else's."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ostiary import clock
from ostiary.access.scopes import BANK_KEY, CUSTOMER, ORGANIZATION_KEY, Scope
from ostiary.app import Ostiary
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.crypto import guids
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.users.roles import READS
from ostiary.web import description
from ostiary.web.schemas import read_as
from tests.oauth.customer_desk import customer_token, new_customer
from tests.oauth.desk import METADATA, OPERATOR, Answer, Desk, Key, assert_malformed, open_desk
from tests.people import Person, add_person, open_login, user_token

JSON = (b"content-type", b"application/json")
BOTH = ("bank", "organization")
ALL = (*BOTH, "customer")
USER = ("user",)
NEW_KEY = {"name": "Till", "expires_at": clock.on_the_wire(clock.now() + dt.timedelta(days=1))}
NEW_BANK = usual_bank("South", BankType.SANDBOX).read().model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True)
class Operation:
    scope: str
    subjects: tuple[str, ...]
    # What a refusal says was not found.
    thing: str = ""
    body: object = None
    # What else a token needs: to make a key, for one, somebody must hold all that the key will hold.
    beside: frozenset[str] = frozenset()


OPERATIONS = {
    "GET /api/organizations/{organization_guid}": Operation("organizations:read", ("organization",), "organization"),
    "PATCH /api/organizations/{organization_guid}": Operation(
        "organizations:write", ("organization",), "organization", {"name": "Acme"}
    ),
    "GET /api/banks": Operation("banks:read", BOTH),
    "POST /api/banks": Operation("banks:execute", ("organization",), body=NEW_BANK),
    "GET /api/banks/{bank_guid}": Operation("banks:read", BOTH, "bank"),
    "PATCH /api/banks/{bank_guid}": Operation("banks:write", BOTH, "bank", {"name": "North"}),
    "GET /api/customers": Operation("customers:read", ALL),
    "POST /api/customers": Operation("customers:execute", ("bank",), body={"type": "individual"}),
    "GET /api/customers/{customer_guid}": Operation("customers:read", ALL, "customer"),
    "PATCH /api/customers/{customer_guid}": Operation(
        "customers:write", ("bank", "customer"), "customer", {"state": "unverified"}
    ),
    "POST /api/customer_tokens": Operation(
        "customers:write",
        ("bank",),
        body={"customer_guid": "{customer_guid}", "scopes": ["trades:read"]},
        beside=frozenset({"customers:read"}),
    ),
    "GET /api/organization_applications": Operation("organizations:read", ("organization",)),
    "GET /api/organization_applications/{client_id}": Operation(
        "organization_applications:read", ("organization",), "application"
    ),
    "POST /api/organization_applications": Operation(
        "organization_applications:execute", USER, body=NEW_KEY, beside=ORGANIZATION_KEY
    ),
    "PATCH /api/organization_applications/{client_id}": Operation(
        "organization_applications:write", USER, "application", {"name": "Till"}
    ),
    "DELETE /api/organization_applications/{client_id}": Operation(
        "organization_applications:execute", USER, "application"
    ),
    "GET /api/bank_applications": Operation("banks:read", BOTH),
    "POST /api/bank_applications": Operation("bank_applications:execute", USER, body=NEW_KEY, beside=BANK_KEY),
    "GET /api/bank_applications/{client_id}": Operation("bank_applications:read", BOTH, "application"),
    "PATCH /api/bank_applications/{client_id}": Operation(
        "bank_applications:write", USER, "application", {"name": "Till"}
    ),
    "DELETE /api/bank_applications/{client_id}": Operation("bank_applications:execute", USER, "application"),
    "GET /api/users": Operation("users:read", ("organization",)),
    "POST /api/users": Operation("users:execute", USER, body={"email": "eve@example.com"}, beside=READS),
    "GET /api/users/{user_guid}": Operation("users:read", ("organization",), "user"),
    "PATCH /api/users/{user_guid}": Operation("users:write", USER, "user", {"role": "viewer"}, beside=READS),
    "DELETE /api/users/{user_guid}": Operation("users:execute", USER, "user", beside=READS),
}
HOLDS = {"organization": ORGANIZATION_KEY, "bank": BANK_KEY, "customer": CUSTOMER, "user": frozenset(Scope)}


@dataclass(frozen=True)
class Doors:
    """Acme with its bank North and its owner Alice, and Globex with its bank East, which none of them may see."""

    desk: Desk
    alice: Person
    names: dict[str, str]
    foreign: dict[str, str]

    def key(self, subject: str) -> Key:
        return self.desk.acme if subject == "organization" else self.desk.north

    def token(self, subject: str, *scopes: str) -> str:
        if subject == "customer":
            return customer_token(self.desk, self.desk.north, self.names["customer_guid"], *(scopes or CUSTOMER))
        if subject == "user":
            # A person's login is bound to North, as the bank's key is.
            scope = " ".join(scopes) or None
            login = open_login(self.desk.store, self.alice, bank_guid=self.desk.north.bank_guid, scope=scope)
            return user_token(self.desk.ostiary, login)
        return self.desk.token(self.key(subject), " ".join(scopes))

    def knock(self, operation: str, token: str | None, names: dict[str, str]) -> Answer:
        method, path = operation.split()
        shown = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        body = OPERATIONS[operation].body
        sent = "" if body is None else json.dumps(body)
        for name, value in names.items():
            path, sent = (text.replace("{" + name + "}", value) for text in (path, sent))
        return self.desk.request(path, [*shown, JSON], method=method, body=sent.encode())


@pytest.fixture
def doors(ostiary: Ostiary) -> Iterator[Doors]:
    with open_desk(ostiary) as desk:
        with desk.store.writing() as db:
            globex = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Globex")).guid
            east = banks.create(db, OPERATOR, globex, usual_bank("East", BankType.SANDBOX)).guid
        theirs, own = desk.key(globex, east), desk.north
        alice = add_person(desk.store, "Alice", own.organization_guid, "owner")
        yield Doors(desk, alice, names_of(desk, own, own.client_id), names_of(desk, theirs, theirs.client_id))


def names_of(desk: Desk, key: Key, client_id: str) -> dict[str, str]:
    return {
        "organization_guid": key.organization_guid,
        "bank_guid": key.bank_guid,
        "customer_guid": new_customer(desk, key),
        "client_id": client_id,
        "user_guid": add_person(desk.store, f"Bob{client_id}", key.organization_guid, "viewer").membership_guid,
    }


def named(doors: Doors, operation: str) -> dict[str, str]:
    """What the operation is about, of Acme; what is deleted is made for it."""
    desk = doors.desk
    bank_guid = "" if "organization_applications" in operation else desk.north.bank_guid
    if operation.startswith("DELETE"):
        return {**doors.names, "client_id": desk.key(desk.acme.organization_guid, bank_guid).client_id}
    return {**doors.names, "client_id": (desk.north if bank_guid else desk.acme).client_id}


def test_knows_every_operation_that_is_described(ostiary: Ostiary) -> None:
    paths = description.document(ostiary.routes, "http://127.0.0.1")["paths"]
    described = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    oauth = {f"POST /oauth/{name}" for name in ("token", "revoke", "introspect", "device_authorization")}
    assert described - oauth == OPERATIONS.keys(), "add a row: who may, with which scope"


def test_opens_to_the_right_token_with_the_right_scope_alone(doors: Doors) -> None:
    for operation, rule in OPERATIONS.items():
        for subject in rule.subjects:
            token = doors.token(subject, rule.scope, *sorted(rule.beside))
            answer = doors.knock(operation, token, named(doors, operation))
            assert answer.status in {200, 201, 204}, (operation, subject, answer.body)


def test_asks_everybody_for_a_token(doors: Doors) -> None:
    for operation in OPERATIONS:
        assert_malformed(doors.knock(operation, None, named(doors, operation)))


def test_sends_the_wrong_kind_of_subject_away(doors: Doors) -> None:
    for operation, rule in OPERATIONS.items():
        # People may do what keys may, and more.
        for subject in set(ALL) - set(rule.subjects):
            answer = doors.knock(operation, doors.token(subject), named(doors, operation))
            refusal = (answer.status, answer.json["message_code"], answer.json["error_message"])
            if rule.scope == "customers:write" and rule.thing:
                # The published table lets organizations in by their subject and then gives them no such scope.
                assert refusal == (403, "invalid_scopes", "Invalid scopes. Required: customers:write")
            else:
                text = f"Invalid Subject type. Required: {' or '.join(rule.subjects)}"
                assert refusal == (401, "invalid_subject", text), (operation, subject)
            assert METADATA in answer.headers["www-authenticate"]


def test_names_the_scope_that_is_missing_and_its_challenge(doors: Doors) -> None:
    for operation, rule in OPERATIONS.items():
        for subject in rule.subjects:
            others = sorted(HOLDS[subject] - {rule.scope})
            answer = doors.knock(operation, doors.token(subject, *others), named(doors, operation))
            assert (answer.status, answer.json["message_code"]) == (403, "invalid_scopes"), (operation, subject)
            assert answer.json["error_message"] == f"Invalid scopes. Required: {rule.scope}"
            challenge = f'Bearer realm="ostiary", error="insufficient_scope", scope="{rule.scope}", {METADATA}'
            assert answer.headers["www-authenticate"] == challenge


def test_answers_about_somebody_elses_as_about_nobodys(doors: Doors) -> None:
    nobody = dict.fromkeys(doors.names, guids.new())
    for operation, rule in OPERATIONS.items():
        if not rule.thing:
            continue
        for subject in rule.subjects:
            token = doors.token(subject)
            theirs = doors.knock(operation, token, doors.foreign)
            assert (theirs.status, theirs.json["error_message"]) == (404, f"{rule.thing} not found"), operation
            assert theirs == doors.knock(operation, token, nobody)
