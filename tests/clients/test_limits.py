"""The published limit: 20 token requests in five minutes from one address, with the setting that says so."""

from collections.abc import Iterator

import pytest

from tests.clients import published
from tests.clients.cast import Cast, cast_on
from tests.clients.servers import serving
from tests.postgres import Postgres


@pytest.fixture
def limited(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    setting = {"OSTIARY_LIMIT_TOKEN_REQUESTS_PER_SOURCE": "20/300"}
    with serving(postgres, tmp_path_factory.mktemp("limited"), **setting) as server:
        yield cast_on(server)


def test_refuses_the_twenty_first_token_request_of_five_minutes(limited: Cast) -> None:
    token = limited.north.token("banks:read")
    answers = [limited.north.ask("banks:read") for _ in range(18)]
    answers.append(limited.acme.ask("banks:read"))
    assert {answer.status_code for answer in answers} == {200}
    refused = limited.south.ask("banks:read")
    assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
    assert 290 <= int(refused.headers["retry-after"]) <= 300
    assert refused.headers["ratelimit-policy"] == '"token-requests-per-source";q=20;w=300'
    assert refused.headers["ratelimit"].startswith('"token-requests-per-source";r=0;t=')
    # Whoever kept a token, as the documentation of the clients advises, notices nothing.
    assert published.banks(limited.north.server.base_url, token).get_bank(limited.north.guid).name == "North"
