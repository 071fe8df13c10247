"""Customers in front of the application: made with the token of a bank, and tokens made for them."""

import json
from collections.abc import Mapping

from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.web.schemas import read_as
from tests.oauth.desk import LOOPBACK, OPERATOR, Answer, Desk, Key
from tests.oauth.window import JSON

TOKENS = "/api/customer_tokens"
READS = "customers:read"


def call(
    desk: Desk, token: str, operation: str, body: Mapping[str, object] | None = None, peer: str = LOOPBACK
) -> Answer:
    """`operation` is a method and a path, perhaps with a query."""
    method, _, target = operation.partition(" ")
    path, _, query = target.partition("?")
    headers = [(b"authorization", f"Bearer {token}".encode()), JSON]
    sent = b"" if body is None else json.dumps(body).encode()
    return desk.request(path, headers, method=method, query=query.encode(), body=sent, peer=peer)


def new_customer(desk: Desk, key: Key, **more: object) -> str:
    made = call(desk, desk.token(key), "POST /api/customers", {"type": "individual", **more})
    assert made.status == 201, made.body
    return str(made.json["guid"])


def ask_for(desk: Desk, token: str, customer_guid: str, *scopes: str, peer: str = LOOPBACK, **more: object) -> Answer:
    """What POST /api/customer_tokens answers to a bank's token."""
    body = {"customer_guid": customer_guid, "scopes": list(scopes or (READS,)), **more}
    return call(desk, token, f"POST {TOKENS}", body, peer)


def customer_token(desk: Desk, key: Key, customer_guid: str, *scopes: str, peer: str = LOOPBACK, **more: object) -> str:
    answer = ask_for(desk, desk.token(key, peer=peer), customer_guid, *scopes, peer=peer, **more)
    assert answer.status == 201, answer.body
    return str(answer.json["access_token"])


def look(desk: Desk, token: str, customer_guid: str, peer: str = LOOPBACK) -> Answer:
    """What GET /api/customers/{customer_guid} answers."""
    return call(desk, token, f"GET /api/customers/{customer_guid}", peer=peer)


def abroad(desk: Desk) -> Key:
    """The key of a bank of another organization."""
    with desk.store.writing() as db:
        globex = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Globex")).guid
        east = banks.create(db, OPERATOR, globex, usual_bank("East", BankType.SANDBOX)).guid
    return desk.key(globex, east)
