"""A customer's token dies with its customer, its bank or its key, from the very next request on, and by itself."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary.access.scopes import CUSTOMER
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationUsage
from ostiary.banks import service as banks
from ostiary.crypto import guids
from ostiary.customers.models import Customer, CustomerLabel
from ostiary.events.models import Event
from ostiary.oauth.models import Revocation
from tests.oauth.customer_desk import abroad, ask_for, customer_token, look, new_customer
from tests.oauth.desk import OPERATOR, Desk, Key, assert_refused, claims_of, own_token
from tests.oauth.test_bearer_standing import change, close_organization, expire
from tests.oauth.test_introspection import NO, introspect, other_bank
from tests.oauth.test_one_read import Heard, heard, plan, walks
from tests.oauth.test_revocation import revoke
from tests.oauth.window import assert_refused as assert_oauth_refused

__all__ = ["heard"]

DELETED = "Customer deleted"
MISMATCH = "Token no longer matches its key"


def pause(desk: Desk, key: Key, _: str) -> None:
    change(desk, applications.pause, key)


def revoke_key(desk: Desk, key: Key, _: str) -> None:
    change(desk, applications.revoke, key)


def expire_key(desk: Desk, key: Key, _: str) -> None:
    expire(desk, key)


def close_bank(desk: Desk, key: Key, _: str) -> None:
    with desk.store.writing() as db:
        banks.close(db, OPERATOR, key.bank_guid)


def close_its_organization(desk: Desk, _: Key, __: str) -> None:
    close_organization(desk)


def delete_customer(desk: Desk, _: Key, guid: str) -> None:
    with desk.store.writing() as db:
        db.execute(sa.delete(CustomerLabel).where(CustomerLabel.customer_guid == guid))
        db.execute(sa.delete(Customer).where(Customer.guid == guid))


ENDS = [
    (pause, "Credential paused"),
    (revoke_key, "Credential revoked"),
    (expire_key, "Credential has expired"),
    (close_bank, "Bank closed"),
    (close_its_organization, "Organization closed"),
    (delete_customer, DELETED),
]


@pytest.mark.parametrize(("end", "says"), ENDS)
def test_dies_with_whatever_it_stands_on(desk: Desk, end: Callable[[Desk, Key, str], None], says: str) -> None:
    guid = new_customer(desk, desk.north, labels=["early"])
    token = customer_token(desk, desk.north, guid)
    assert look(desk, token, guid).status == 200
    assert introspect(desk, desk.acme, token).json["active"] is True
    end(desk, desk.north, guid)
    assert_refused(look(desk, token, guid), says)
    if end is not close_its_organization:
        assert introspect(desk, desk.acme, token).body == NO


def test_lives_on_when_another_customer_or_another_key_goes(desk: Desk) -> None:
    twin = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    guid, other = new_customer(desk, desk.north), new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    delete_customer(desk, desk.north, other)
    revoke_key(desk, twin, "")
    assert look(desk, token, guid).status == 200


def test_comes_back_with_its_key(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    change(desk, applications.pause, desk.north)
    assert_refused(look(desk, token, guid), "Credential paused")
    change(desk, applications.resume, desk.north)
    assert look(desk, token, guid).status == 200


def test_does_not_outlive_the_kind_of_its_bank(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    with desk.store.writing() as db:
        banks.promote(db, OPERATOR, desk.north.bank_guid)
    assert_refused(look(desk, token, guid), MISMATCH)


def test_cannot_be_made_once_the_bank_is_closed(desk: Desk) -> None:
    guid, token = new_customer(desk, desk.north), desk.token(desk.north)
    close_bank(desk, desk.north, guid)
    assert_refused(ask_for(desk, token, guid), "Bank closed")


def test_is_believed_only_about_a_customer_of_its_keys_bank(desk: Desk) -> None:
    """Under the server's own key, saying what the server would never say."""
    guid = new_customer(desk, desk.north)
    claims = claims_of(customer_token(desk, desk.north, guid))
    near, far = other_bank(desk), abroad(desk)
    for sub in (new_customer(desk, near), new_customer(desk, far), guids.new(), desk.north.bank_guid, guid.upper(), ""):
        assert_refused(look(desk, own_token(desk.ostiary, claims | {"sub": sub}), guid), DELETED)
    for sub in ("x y", "\0", "\ud800", guid + "\n"):
        assert_refused(look(desk, own_token(desk.ostiary, claims | {"sub": sub}), guid))
    stolen: list[dict[str, object]] = [
        {"client_id": near.client_id},
        {"client_id": desk.acme.client_id},
        {"bank_guid": near.bank_guid},
        {"organization_guid": far.organization_guid},
        {"sub_type": "bank"},
        {"sub_type": "organization"},
        {"sub_type": "operator"},
    ]
    assert_refused(look(desk, own_token(desk.ostiary, claims | {"sub_type": "user"}), guid), "Login ended")
    for changes in stolen:
        assert_refused(look(desk, own_token(desk.ostiary, claims | changes), guid), MISMATCH)


@pytest.mark.parametrize(
    "changes",
    [
        {"ip_allowlist": "192.0.2.1"},
        {"ip_allowlist": [1]},
        {"ip_allowlist": ["everywhere"]},
        {"ip_allowlist": ["0.0.0.0/0"]},
        {"ip_allowlist": None},
        {"inherit_ip_allowlist": "yes"},
        {"inherit_ip_allowlist": 1},
        {"inherit_ip_allowlist": None},
    ],
)
def test_believes_no_addresses_of_the_wrong_kind(desk: Desk, changes: dict[str, object]) -> None:
    guid = new_customer(desk, desk.north)
    claims = claims_of(customer_token(desk, desk.north, guid))
    assert_refused(look(desk, own_token(desk.ostiary, claims | changes), guid))


def test_is_revoked_by_itself(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token, other, of_bank = (
        customer_token(desk, desk.north, guid),
        customer_token(desk, desk.north, guid),
        desk.token(desk.north),
    )
    assert revoke(desk, desk.north, token).status == 200
    assert_refused(look(desk, token, guid), "Token revoked")
    assert introspect(desk, desk.north, token).body == NO
    assert look(desk, other, guid).status == look(desk, of_bank, guid).status == 200
    claims = claims_of(token)
    with desk.store.reading() as db:
        (row,) = db.scalars(sa.select(Revocation))
        (event,) = db.scalars(sa.select(Event).where(Event.event_type == "token.revoked"))
    assert (row.jti, row.expires_at.timestamp()) == (claims["jti"], claims["exp"])
    assert (event.facts, event.actor_subject) == ({"jti": claims["jti"], "customer_guid": guid}, "bank")


def test_is_revoked_by_the_key_that_made_it_and_by_nobody_else(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    twin = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    for stranger in (twin, desk.acme, other_bank(desk), abroad(desk)):
        assert_oauth_refused(revoke(desk, stranger, token), "invalid_grant", says="another key")
    assert look(desk, token, guid).status == 200


def test_is_explained_to_those_who_may_know(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(
        desk, desk.north, guid, "customers:read", ip_allowlist=["192.0.2.0/24"], inherit_ip_allowlist=False
    )
    twin = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    for knows in (desk.north, twin, desk.acme):
        told, claims = introspect(desk, knows, token).json, claims_of(token)
        assert (told.pop("active"), told.pop("token_type")) == (True, "Bearer")
        assert told == {name: claims[name] for name in told}
        assert told.keys() == claims.keys() - {"token_type", "properties"}
        assert (told["sub"], told["sub_type"]) == (guid, "customer")
    for stranger in (other_bank(desk), abroad(desk)):
        assert introspect(desk, stranger, token).body == NO


def test_is_read_about_once(desk: Desk, heard: Heard) -> None:
    guid = new_customer(desk, desk.north)
    # Without the scope the door is shut before the route reads anything of its own.
    token = customer_token(desk, desk.north, guid, "prices:read")
    for _ in range(3):
        heard.clear()
        assert look(desk, token, guid).status == 403
        asked = [(text, values) for text, values in heard if text.lstrip().startswith("SELECT")]
        assert len(asked) == 1, heard
    steps = plan(desk.store, *asked[0])
    assert any("customers" in step for step in steps)
    assert walks(steps) == []


def test_counts_what_it_was_refused_for(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid, *CUSTOMER)
    delete_customer(desk, desk.north, guid)
    assert_refused(look(desk, token, guid), DELETED)
    desk.ostiary.usage.write(desk.store)
    with desk.store.reading() as db:
        counted = dict(db.execute(sa.select(ApplicationUsage.outcome, ApplicationUsage.count)).all())
    assert counted["customer_deleted"] == 1
