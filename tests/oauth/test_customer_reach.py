"""A customer's token reaches its customer and nothing else."""

import pytest
import sqlalchemy as sa

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import CUSTOMER, Scope
from ostiary.applications import queries as applications
from ostiary.applications.models import Application
from ostiary.banks import queries as banks
from ostiary.crypto import guids
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer
from ostiary.events import queries as events
from ostiary.events.delivery import deliver_due
from ostiary.events.models import Event
from ostiary.organizations import queries as organizations
from ostiary.upkeep import CONSUMERS
from ostiary.users import queries as users
from tests.oauth.customer_desk import abroad, call, customer_token, look, new_customer
from tests.oauth.desk import Answer, Desk
from tests.oauth.test_introspection import other_bank

pytestmark = pytest.mark.any_database


ANN = {"first": "Ann", "last": "Ash"}


def set_state(desk: Desk, guid: str, state: str) -> None:
    while deliver_due(desk.store, CONSUMERS):
        pass
    with desk.store.writing() as db:
        db.execute(sa.update(Customer).where(Customer.guid == guid).values(state=state))


def update(desk: Desk, token: str, guid: str, **changes: object) -> Answer:
    return call(desk, token, f"PATCH /api/customers/{guid}", {"state": "unverified", **changes})


def test_reads_its_customer(desk: Desk) -> None:
    guid = new_customer(desk, desk.north, name=ANN, labels=["early"])
    answer = look(desk, customer_token(desk, desk.north, guid), guid)
    assert answer.status == 200
    assert (answer.json["guid"], answer.json["bank_guid"], answer.json["labels"]) == (
        guid,
        desk.north.bank_guid,
        ["early"],
    )
    assert "name" not in answer.json


def test_answers_about_everybody_else_as_about_nobody(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    strangers = [new_customer(desk, key) for key in (desk.north, other_bank(desk), abroad(desk))]
    token, nobody = customer_token(desk, desk.north, guid, *CUSTOMER), guids.new()
    for operation in (look, update):
        answers = [operation(desk, token, stranger) for stranger in (*strangers, nobody)]
        assert {(answer.status, answer.body) for answer in answers} == {(404, answers[-1].body)}
        assert answers[0].json["error_message"] == "customer not found"


@pytest.mark.parametrize("query", ["", "?bank_guid={other_bank}", "?type=individual", "?per_page=100&page=0"])
def test_lists_its_customer_alone(desk: Desk, query: str) -> None:
    near = other_bank(desk)
    guids_there = [new_customer(desk, key) for key in (desk.north, desk.north, near)]
    token = customer_token(desk, desk.north, guids_there[0])
    listed = call(desk, token, f"GET /api/customers{query.format(other_bank=near.bank_guid)}").json
    assert (listed["total"], [one["guid"] for one in listed["objects"]]) == (1, guids_there[:1])


def test_lists_nobody_whom_it_asks_for_by_name(desk: Desk) -> None:
    guid, other = new_customer(desk, desk.north), new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    assert call(desk, token, f"GET /api/customers?guid={other}").json["total"] == 0
    assert call(desk, token, f"GET /api/customers?guid={other},{guid}").json["total"] == 1


def test_shows_personal_data_with_the_scope_for_it(desk: Desk) -> None:
    guid = new_customer(desk, desk.north, name=ANN)
    may, may_not = (
        customer_token(desk, desk.north, guid, *scopes)
        for scopes in (("customers:read", "customers:pii:read"), ("customers:read",))
    )
    for path in (f"GET /api/customers/{guid}?include_pii=true", "GET /api/customers?include_pii=true"):
        told = call(desk, may, path).json
        assert told.get("objects", [told])[0]["name"] == ANN
        refused = call(desk, may_not, path)
        assert (refused.status, refused.json["required"]) == (403, ["customers:pii:read"])


def test_changes_its_customer_and_leaves_a_trail(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    set_state(desk, guid, "verified")
    answer = update(desk, customer_token(desk, desk.north, guid, "customers:write"), guid)
    assert (answer.status, answer.json["state"]) == (200, "unverified")
    with desk.store.reading() as db:
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "customer.updated"))
        key = db.scalars(sa.select(Application).filter_by(client_id=desk.north.client_id)).one()
    assert (event.object_guid, event.bank_guid) == (guid, desk.north.bank_guid)
    assert (event.actor_subject, event.actor_guid, event.address) == ("customer", key.guid, "127.0.0.1")


@pytest.mark.parametrize("state", ["frozen", "rejected"])
def test_undoes_nothing_that_the_bank_has_decided(desk: Desk, state: str) -> None:
    guid = new_customer(desk, desk.north)
    set_state(desk, guid, state)
    answer = update(desk, customer_token(desk, desk.north, guid, "customers:write"), guid)
    assert (answer.status, answer.json["message_code"]) == (422, f"{state}_customer")
    assert update(desk, desk.token(desk.north), guid).json["state"] == "unverified"


def test_sees_nothing_of_anything_else_even_behind_the_doors(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    new_customer(desk, desk.north)
    actor = Actor(
        subject=Subject.CUSTOMER,
        organization_guid=desk.north.organization_guid,
        bank_guid=desk.north.bank_guid,
        customer_guid=guid,
        scopes=frozenset(Scope),
    )
    rooms = (organizations, banks, users, applications, events)
    with desk.store.reading() as db:
        assert [room.__name__ for room in rooms if db.scalars(room.visible_to(actor)).first() is not None] == []
        assert [one.guid for one in db.scalars(customers.visible_to(actor))] == [guid]
        assert list(db.scalars(customers.visible_in(actor, desk.north.bank_guid))) == []
