"""An expired token through the published clients: it says so and what to do, and a new one works at once."""

import json
import time
from collections.abc import Iterator

import cybrid_api_bank
import pytest

from tests.clients.cast import Cast, cast_on, claims
from tests.clients.published import banks, problem
from tests.clients.servers import serving
from tests.postgres import Postgres

LIFE_SECONDS = "3"


@pytest.fixture(scope="module")
def hasty(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """A cast whose tokens hardly live."""
    lives = {"OSTIARY_TOKEN_SECONDS_SANDBOX": LIFE_SECONDS, "OSTIARY_TOKEN_SECONDS_ORGANIZATION": LIFE_SECONDS}
    with serving(postgres, tmp_path_factory.mktemp("expired"), **lives) as server:
        yield cast_on(server)


@pytest.fixture(scope="module")
def expired(hasty: Cast) -> dict[str, str]:
    """A token of each kind that worked and has expired."""
    tokens = {"bank": hasty.north.token(), "organization": hasty.acme.token()}
    for token in tokens.values():
        banks(hasty.north.server.base_url, token).list_banks()
    time.sleep(max(claims(token)["exp"] for token in tokens.values()) - time.time() + 0.1)
    return tokens


@pytest.mark.parametrize("kind", ["bank", "organization"])
def test_says_that_a_token_has_expired(hasty: Cast, expired: dict[str, str], kind: str) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        banks(hasty.north.server.base_url, expired[kind]).list_banks()
    read = problem(refusal.value)
    assert (read.status, read.message_code, read.error_message) == (
        401,
        "authentication_failed",
        "Signature has expired",
    )


def test_says_what_to_do_about_an_expired_token(hasty: Cast, expired: dict[str, str]) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        banks(hasty.north.server.base_url, expired["bank"]).list_banks()
    more = json.loads(refusal.value.body)
    assert len(more) > 3
    assert "/oauth/token" in json.dumps(more)
    assert 'error="invalid_token"' in refusal.value.headers["WWW-Authenticate"]


def test_takes_a_new_token_of_the_same_key(hasty: Cast, expired: dict[str, str]) -> None:
    assert expired
    assert hasty.north.banks().get_bank(hasty.north.guid).name == "North"
