"""Where a customer's token works from: its own addresses, and its key's as they are at that moment."""

import pytest
import sqlalchemy as sa

from ostiary.applications.models import Application
from ostiary.banks import service as banks
from tests.oauth.customer_desk import ask_for, customer_token, look, new_customer
from tests.oauth.desk import OPERATOR, Desk, Key
from tests.oauth.test_bearer_standing import allow

pytestmark = pytest.mark.any_database


# The key's, the token's own, and somebody else's.
KEYS, OWN, OTHER = "192.0.2.7", "198.51.100.7", "203.0.113.7"
TEXT = "This token may not be used from the address of this request"


@pytest.fixture
def guid(desk: Desk) -> str:
    return new_customer(desk, desk.north)


def works_from(desk: Desk, token: str, guid: str) -> set[str]:
    found = set()
    for peer in (KEYS, OWN, OTHER):
        answer = look(desk, token, guid, peer=peer)
        if answer.status == 200:
            found.add(peer)
        else:
            assert (answer.status, answer.json["message_code"]) == (403, "forbidden"), answer.body
            assert (answer.json["error_message"], answer.json["reason"]) == ("Forbidden", TEXT)
            assert (answer.json["rule"], answer.json["address"]) == ("address_not_allowed", peer)
    return found


def clear(desk: Desk, key: Key) -> None:
    """As somebody at the database could; the service refuses it."""
    with desk.store.writing() as db:
        emptied = sa.update(Application).values(ip_allowlist_text="")
        db.execute(emptied.where(Application.client_id == key.client_id))


def promote(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        banks.promote(db, OPERATOR, key.bank_guid)


@pytest.mark.parametrize("told", [{}, {"inherit_ip_allowlist": True}, {"inherit_ip_allowlist": None}])
def test_inherits_the_list_of_its_key_unless_told_otherwise(desk: Desk, guid: str, told: dict[str, object]) -> None:
    allow(desk, desk.north, KEYS)
    token = customer_token(desk, desk.north, guid, peer=KEYS, **told)
    assert works_from(desk, token, guid) == {KEYS}


def test_obeys_a_changed_list_of_its_key_at_once(desk: Desk, guid: str) -> None:
    token = customer_token(desk, desk.north, guid)
    assert works_from(desk, token, guid) == {KEYS, OWN, OTHER}
    for listed in ((KEYS,), (OTHER,), (KEYS, OTHER), ()):
        allow(desk, desk.north, *listed)
        assert works_from(desk, token, guid) == (set(listed) or {KEYS, OWN, OTHER})


def test_joins_its_own_list_with_the_inherited_one(desk: Desk, guid: str) -> None:
    allow(desk, desk.north, KEYS)
    token = customer_token(desk, desk.north, guid, peer=KEYS, ip_allowlist=["198.51.100.0/24"])
    assert works_from(desk, token, guid) == {KEYS, OWN}
    allow(desk, desk.north, OTHER)
    assert works_from(desk, token, guid) == {OWN, OTHER}


def test_is_bound_by_its_own_list_where_its_key_has_none(desk: Desk, guid: str) -> None:
    """Two lists are joined, and an empty one adds nothing: it does not open what the other one shuts."""
    token = customer_token(desk, desk.north, guid, ip_allowlist=[OWN])
    assert works_from(desk, token, guid) == {OWN}
    allow(desk, desk.north, KEYS)
    assert works_from(desk, token, guid) == {KEYS, OWN}


def test_keeps_to_its_own_list_alone_when_it_does_not_inherit(desk: Desk, guid: str) -> None:
    allow(desk, desk.north, KEYS)
    token = customer_token(desk, desk.north, guid, peer=KEYS, inherit_ip_allowlist=False, ip_allowlist=[OWN])
    assert works_from(desk, token, guid) == {OWN}
    allow(desk, desk.north, OTHER)
    assert works_from(desk, token, guid) == {OWN}


@pytest.mark.parametrize("listed", [{}, {"ip_allowlist": []}, {"ip_allowlist": None}])
def test_works_from_everywhere_in_a_sandbox_without_any_list(desk: Desk, guid: str, listed: dict[str, object]) -> None:
    allow(desk, desk.north, KEYS)
    token = customer_token(desk, desk.north, guid, peer=KEYS, inherit_ip_allowlist=False, **listed)
    assert works_from(desk, token, guid) == {KEYS, OWN, OTHER}


def test_needs_a_list_of_its_own_in_production_when_it_does_not_inherit(desk: Desk, guid: str) -> None:
    promote(desk, desk.north)
    allow(desk, desk.north, KEYS)
    bank = desk.token(desk.north, peer=KEYS)
    empty: tuple[dict[str, object], ...] = ({}, {"ip_allowlist": []}, {"ip_allowlist": None})
    for listed in empty:
        refused = ask_for(desk, bank, guid, peer=KEYS, inherit_ip_allowlist=False, **listed)
        assert (refused.status, refused.json["message_code"]) == (422, "missing_parameter")
        assert "ip_allowlist" in refused.json["error_message"]
    token = customer_token(desk, desk.north, guid, peer=KEYS, inherit_ip_allowlist=False, ip_allowlist=[OWN])
    assert works_from(desk, token, guid) == {OWN}
    inheriting = customer_token(desk, desk.north, guid, peer=KEYS)
    assert works_from(desk, inheriting, guid) == {KEYS}


def test_works_from_nowhere_in_production_once_its_key_has_lost_its_list(desk: Desk, guid: str) -> None:
    allow(desk, desk.north, KEYS)
    promote(desk, desk.north)
    token = customer_token(desk, desk.north, guid, peer=KEYS)
    joined = customer_token(desk, desk.north, guid, peer=KEYS, ip_allowlist=[OWN])
    clear(desk, desk.north)
    assert works_from(desk, token, guid) == set()
    assert works_from(desk, joined, guid) == {OWN}


def test_is_made_only_from_where_the_key_may_be_used(desk: Desk, guid: str) -> None:
    bank = desk.token(desk.north)
    allow(desk, desk.north, KEYS)
    refused = ask_for(desk, bank, guid, peer=OTHER, ip_allowlist=[OTHER])
    assert (refused.status, refused.json["message_code"]) == (403, "forbidden")
    assert ask_for(desk, bank, guid, peer=KEYS, ip_allowlist=[OTHER]).status == 201


def test_lists_an_address_however_it_is_written(desk: Desk, guid: str) -> None:
    token = customer_token(
        desk, desk.north, guid, inherit_ip_allowlist=False, ip_allowlist=["::ffff:198.51.100.7", "2001:DB8::/32"]
    )
    assert works_from(desk, token, guid) == {OWN}
    assert look(desk, token, guid, peer="2001:db8::7").status == 200
    assert look(desk, token, guid, peer="").status == 403
