"""Token doctor: a customer's token, which stands on its key and has addresses of its own."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.crypto import guids
from ostiary.customers.models import Customer, CustomerType
from tests.applications.cast import Cast
from tests.applications.reading import read
from tests.dashboard.consultation import ask, diagnosis, made

pytestmark = pytest.mark.any_database

ASKS = "The request for a new token"
AGAIN = "Make a new token for the customer at POST /api/customer_tokens, with a token of its bank."


@pytest.fixture
def guid(cast: Cast) -> str:
    return customer_of(cast, cast.north, cast.acme)


def customer_of(cast: Cast, bank_guid: str, organization_guid: str) -> str:
    guid = guids.new()
    with cast.ostiary.store.writing() as db:
        individual = CustomerType.INDIVIDUAL
        db.add(Customer(guid=guid, bank_guid=bank_guid, organization_guid=organization_guid, type=individual))
    return guid


def of_customer(cast: Cast, key: Application, guid: str, **changes: object) -> str:
    return made(cast, key, **{"sub": guid, "sub_type": "customer", **changes})


def test_says_that_a_good_token_is_good_and_whose_it_is(
    alice: TestClient, cast: Cast, key: Application, guid: str
) -> None:
    token = of_customer(cast, key, guid)
    said = diagnosis(alice, token)
    assert "The token is good for another 7 hours" in said
    assert "It works from anywhere." in said
    assert f"For North , customer {guid} Scopes 2 scopes" in said
    assert f'href="/customers/{guid}"' in ask(alice, token).text
    assert ASKS not in said


def test_says_how_a_customer_gets_a_new_token(alice: TestClient, cast: Cast, key: Application, guid: str) -> None:
    said = diagnosis(alice, of_customer(cast, key, guid, exp=int(clock.seconds()) - 3 * 3600 - 5))
    assert f"The token expired 3 hours ago {AGAIN}" in said
    assert "The key “Till” itself is fine." in said
    assert ASKS not in said


def test_says_that_the_customer_is_gone(alice: TestClient, cast: Cast, key: Application, guid: str) -> None:
    token = of_customer(cast, key, guid)
    with cast.ostiary.store.writing() as db:
        db.execute(sa.delete(Customer).where(Customer.guid == guid))
    said = diagnosis(alice, token)
    assert "The customer is not there any more No token works for a customer who is gone." in said
    assert f"customer {guid}" in said
    assert f'href="/customers/{guid}"' not in ask(alice, token).text


def test_says_the_same_of_a_customer_of_another_bank(alice: TestClient, cast: Cast, key: Application) -> None:
    for bank, organization in ((cast.south, cast.acme), (cast.east, cast.globex)):
        theirs = customer_of(cast, bank, organization)
        assert "The customer is not there any more" in diagnosis(alice, of_customer(cast, key, theirs))


def test_says_what_is_wrong_with_its_key(alice: TestClient, cast: Cast, key: Application, guid: str) -> None:
    cast.set(key.guid, paused_at=clock.now())
    assert "The key is paused" in diagnosis(alice, of_customer(cast, key, guid))


def test_says_that_the_bank_has_changed(alice: TestClient, cast: Cast, key: Application, guid: str) -> None:
    said = diagnosis(alice, of_customer(cast, key, guid, bank_type="production"))
    assert f"The bank has changed since the token was made {AGAIN}" in said


def test_says_where_it_works_from(alice: TestClient, cast: Cast, guid: str) -> None:
    near = cast.key(cast.north, "Near", "203.0.113.7", "10.0.0.0/8")
    own = {"ip_allowlist": ["198.51.100.0/24"]}
    joined = diagnosis(alice, of_customer(cast, near, guid, **own))
    assert "It works from 198.51.100.0/24, 203.0.113.7/32, 10.0.0.0/8. Your own address, 203.0.113.7, is on" in joined
    alone = diagnosis(alice, of_customer(cast, near, guid, **own, inherit_ip_allowlist=False))
    assert "It works from 198.51.100.0/24. Your own address, 203.0.113.7, is not on that list." in alone


def test_tells_strangers_nothing(mallory: TestClient, cast: Cast, key: Application, guid: str) -> None:
    token = of_customer(cast, key, guid)
    forged = token.rpartition(".")[0] + "." + "A" * 86
    assert ask(mallory, token).content == ask(mallory, forged).content
    assert guid not in read(ask(mallory, token)).text
