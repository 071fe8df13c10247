"""A key asks for so many customer tokens in a while, and hears in the shape of the API when it was too often."""

import pytest

from ostiary.settings import Limit, Settings
from tests.oauth.customer_desk import ask_for, new_customer
from tests.oauth.desk import Desk
from tests.ticking import Ticks

pytestmark = pytest.mark.any_database


@pytest.fixture
def settings(settings: Settings, ticks: Ticks) -> Settings:
    assert ticks.now
    return settings.model_copy(update={"limit_customer_tokens_per_key": Limit(2, 300)})


def test_counts_what_a_key_asks_for(desk: Desk, ticks: Ticks) -> None:
    customer, token = new_customer(desk, desk.north), desk.token(desk.north)
    assert [ask_for(desk, token, customer).status for _ in range(2)] == [201, 201]
    refused = ask_for(desk, token, customer)
    assert refused.status == 429
    assert refused.json == {
        "status": 429,
        "error_message": "This key asks for customer tokens too often: try again in 300 seconds",
        "message_code": "too_many_requests",
        "retry_after_seconds": 300,
    }
    assert refused.headers["retry-after"] == "300"
    assert refused.headers["ratelimit-policy"] == '"customer-tokens-per-key";q=2;w=300'
    assert refused.headers["ratelimit"] == '"customer-tokens-per-key";r=0;t=300'
    # Another token of the same key, and another key of the same bank.
    assert ask_for(desk, desk.token(desk.north), customer).status == 429
    other = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    assert ask_for(desk, desk.token(other), customer).status == 201
    ticks.pass_seconds(300)
    assert ask_for(desk, token, customer).status == 201


def test_counts_nothing_for_whoever_may_not_ask(desk: Desk) -> None:
    customer, blind = new_customer(desk, desk.north), desk.token(desk.north, "customers:write")
    assert [ask_for(desk, blind, customer).status for _ in range(4)] == [403] * 4
    assert ask_for(desk, desk.token(desk.north), customer).status == 201
