"""POST /oauth/token as the vendor's own examples and demos call it."""

import httpx2
import pytest

from tests.clients.cast import Cast, claims
from tests.clients.published import DEMO_SCOPES, RECOMMENDED_FOR_BANKS, RECOMMENDED_FOR_ORGANIZATIONS, TOLERATED

HTTPIE = {"Accept": "application/json, */*;q=0.5", "Content-Type": "application/json", "User-Agent": "HTTPie/3.2.4"}


def test_turns_a_banks_first_key_into_a_token_for_that_bank(cast: Cast) -> None:
    told = claims(cast.north.token(*RECOMMENDED_FOR_BANKS))
    assert (told["sub"], told["sub_type"]) == (cast.north.guid, "bank")
    assert told["bank_guid"] == cast.north.guid
    assert told["organization_guid"] == cast.acme.guid
    assert told["properties"] == {"type": "sandbox"}


def test_answers_with_the_five_members(cast: Cast) -> None:
    answer = cast.north.ask(*RECOMMENDED_FOR_BANKS)
    given = answer.json()
    assert set(given) == {"access_token", "token_type", "expires_in", "scope", "created_at"}
    assert given["token_type"] == "Bearer"
    assert given["scope"].split() == RECOMMENDED_FOR_BANKS
    assert type(given["created_at"]) is type(given["expires_in"]) is int


def test_forbids_keeping_the_answer(cast: Cast) -> None:
    assert cast.north.ask("banks:read").headers["cache-control"] == "no-store"


def test_lets_sandbox_tokens_live_eight_hours(cast: Cast) -> None:
    assert cast.north.ask("banks:read").json()["expires_in"] in {28799, 28800}


def test_lets_organization_tokens_live_half_an_hour(cast: Cast) -> None:
    assert cast.acme.ask("banks:read").json()["expires_in"] in {1799, 1800}


def test_takes_the_json_that_httpie_sends(cast: Cast) -> None:
    body = (
        f'{{"grant_type": "client_credentials", "client_id": "{cast.north.client_id}", '
        f'"client_secret": "{cast.north.client_secret}", "scope": "banks:read customers:read"}}'
    )
    answer = httpx2.post(cast.north.server.base_url + "/oauth/token", content=body, headers=HTTPIE)
    assert (answer.status_code, answer.json()["scope"]) == (200, "banks:read customers:read")


def test_takes_basic_authentication_beside_a_json_body(cast: Cast) -> None:
    answer = httpx2.post(
        cast.north.server.base_url + "/oauth/token",
        json={"grant_type": "client_credentials", "scope": "banks:read"},
        auth=(cast.north.client_id, cast.north.client_secret),
    )
    assert (answer.status_code, answer.json()["scope"]) == (200, "banks:read")


def test_turns_an_organization_key_into_an_organization_token(cast: Cast) -> None:
    told = claims(cast.acme.token(*RECOMMENDED_FOR_ORGANIZATIONS))
    assert (told["sub"], told["sub_type"]) == (cast.acme.guid, "organization")
    assert told["scope"].split() == RECOMMENDED_FOR_ORGANIZATIONS


def test_drops_management_scopes_from_a_longer_list(cast: Cast) -> None:
    answer = cast.acme.ask("banks:read", "users:write", "subscriptions:execute")
    assert (answer.status_code, answer.json()["scope"]) == (200, "banks:read")


def test_drops_every_scope_that_the_clients_call_tolerated(cast: Cast) -> None:
    for key in (cast.acme, cast.north):
        assert key.ask("banks:read", *TOLERATED).json()["scope"] == "banks:read"


@pytest.mark.parametrize("foreign", ["banks:execute", "organizations:read", "subscription_events:read", "made:up"])
def test_refuses_a_bank_key_a_scope_it_cannot_hold(cast: Cast, foreign: str) -> None:
    answer = cast.north.ask("banks:read", foreign)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert foreign in answer.json()["error_description"]


def test_takes_the_demos_long_scope_list(cast: Cast) -> None:
    assert cast.north.ask(*DEMO_SCOPES).json()["scope"].split() == DEMO_SCOPES


def test_refuses_a_wrong_secret_in_the_words_of_oauth(cast: Cast) -> None:
    answer = cast.north.ask("banks:read", client_secret=cast.south.client_secret)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "status" not in answer.json()


def test_makes_ids_and_secrets_long_enough_for_the_web_demos_form(cast: Cast) -> None:
    assert min(len(cast.north.client_id), len(cast.north.client_secret)) >= 43
