"""Whether a token counts, told to keys that may know, and one same no to everybody else: RFC 7662."""

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationUsage
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.web.schemas import read_as
from tests.oauth.desk import OPERATOR, Answer, Desk, Key, claims_of, own_token
from tests.oauth.test_revocation import revoke
from tests.oauth.window import JSON, assert_never_stored, pair

NO = b'{"active": false}'


def introspect(desk: Desk, key: Key, token: str) -> Answer:
    body = json.dumps(pair(key) | {"token": token}).encode()
    answer = desk.request("/oauth/introspect", [JSON], method="POST", body=body)
    assert_never_stored(answer)
    assert answer.status == 200
    return answer


def elsewhere(desk: Desk) -> Key:
    with desk.store.writing() as db:
        other = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Zenith")).guid
    return desk.key(other)


def other_bank(desk: Desk) -> Key:
    with desk.store.writing() as db:
        south = banks.create(db, OPERATOR, desk.acme.organization_guid, usual_bank("South", BankType.SANDBOX)).guid
    return desk.key(desk.acme.organization_guid, south)


@pytest.mark.parametrize("who", ["north", "acme"])
def test_tells_what_the_token_says(desk: Desk, who: str) -> None:
    key: Key = getattr(desk, who)
    token = desk.token(key, "banks:read")
    told, claims = introspect(desk, key, token).json, claims_of(token)
    assert told.pop("active") is True
    assert told.pop("token_type") == "Bearer"
    assert told == {name: claims[name] for name in told}
    assert told.keys() == claims.keys() - {"token_type", "properties"}


def test_tells_those_who_may_know(desk: Desk) -> None:
    """A bank's key knows its bank, an organization's key the whole organization."""
    south, zenith = other_bank(desk), elsewhere(desk)
    of_north, of_acme = desk.token(desk.north), desk.token(desk.acme)
    twin = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    for who, token, may in [
        (twin, of_north, True),
        (desk.acme, of_north, True),
        (south, of_north, False),
        (zenith, of_north, False),
        (desk.north, of_acme, False),
        (zenith, of_acme, False),
    ]:
        answer = introspect(desk, who, token)
        assert answer.json["active"] is may
        assert may or answer.body == NO


def test_says_the_same_no_to_whatever_does_not_count(desk: Desk) -> None:
    token = desk.token(desk.north)
    expired = own_token(desk.ostiary, claims_of(token) | {"exp": int(clock.seconds())})
    elsewhere_ = own_token(desk.ostiary, claims_of(token) | {"aud": "https://elsewhere.example"})
    for nothing in ("x", "a.b.c", token[:-4] + "AAAA", "ü.ü.ü", "x" * 9000, expired, elsewhere_):
        assert introspect(desk, desk.north, nothing).body == NO


def pause(desk: Desk, key: Key, _: str) -> None:
    with desk.store.writing() as db:
        applications.pause(db, OPERATOR, desk.kind(key), key.client_id)


def revoke_key(desk: Desk, key: Key, _: str) -> None:
    with desk.store.writing() as db:
        applications.revoke(db, OPERATOR, desk.kind(key), key.client_id)


def revoke_token(desk: Desk, key: Key, token: str) -> None:
    assert revoke(desk, key, token).status == 200


@pytest.mark.parametrize("end", [pause, revoke_key, revoke_token])
def test_knows_at_once_when_a_token_ends(desk: Desk, end: Callable[[Desk, Key, str], None]) -> None:
    token = desk.token(desk.north)
    assert introspect(desk, desk.acme, token).json["active"] is True
    end(desk, desk.north, token)
    assert introspect(desk, desk.acme, token).body == NO


def test_counts_no_refusal_for_a_key_that_is_only_asked_about(desk: Desk) -> None:
    token = desk.token(desk.north)
    pause(desk, desk.north, token)
    introspect(desk, desk.acme, token)
    desk.ostiary.usage.write(desk.store)
    with desk.store.reading() as db:
        assert set(db.scalars(sa.select(ApplicationUsage.outcome))) == {"token_issued"}
