"""Keys bound to addresses, through the published clients: refused elsewhere, and issued tokens with them."""

from collections.abc import Iterator

import cybrid_api_bank
import httpx2
import pytest
from cybrid_api_bank.api.customers_bank_api import CustomersBankApi

from tests.clients.cast import Cast, Holder, bank_key, cast_on
from tests.clients.published import customers, problem
from tests.clients.servers import serving
from tests.postgres import Postgres

HOME = "127.0.0.1"
AWAY = "127.0.0.2"


@pytest.fixture
def bound(cast: Cast) -> Holder:
    """A key of East that works from home only."""
    return bank_key(cast.east.server, cast.east.guid, "--allow", HOME)


def ask_from(address: str, key: Holder) -> httpx2.Response:
    pair = {"client_id": key.client_id, "client_secret": key.client_secret}
    with httpx2.Client(transport=httpx2.HTTPTransport(local_address=address)) as client:
        return client.post(key.server.base_url + "/oauth/token", json={"grant_type": "client_credentials", **pair})


def customers_from(address: str, key: Holder, token: str) -> CustomersBankApi:
    """The published client with its sockets bound to a source address."""
    api = customers(key.server.base_url, token)
    api.api_client.rest_client.pool_manager.connection_pool_kw["source_address"] = (address, 0)
    return api


def allow(key: Holder, *addresses: str) -> None:
    key.server.cli("keys", "allow", key.client_id, *addresses)


def test_gives_a_bound_key_tokens_at_its_address_only(bound: Holder) -> None:
    assert ask_from(HOME, bound).status_code == 200
    refused = ask_from(AWAY, bound)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert "address" in refused.json()["error_description"]


def test_hides_the_address_list_from_whoever_lacks_the_secret(cast: Cast, bound: Holder) -> None:
    guesser = Holder(bound.server, bound.guid, bound.client_id, cast.north.client_secret)
    nobody = Holder(bound.server, bound.guid, "ostid_" + "0" * 38, cast.north.client_secret)
    assert ask_from(AWAY, guesser).content == ask_from(AWAY, nobody).content == ask_from(HOME, guesser).content


def test_refuses_an_issued_token_at_another_address(bound: Holder) -> None:
    token = bound.token()
    assert customers_from(HOME, bound, token).list_customers().per_page >= 1
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException) as refusal:
        customers_from(AWAY, bound, token).list_customers()
    assert problem(refusal.value).message_code == "forbidden"


def test_binds_issued_tokens_to_a_list_that_changed_later(cast: Cast) -> None:
    key = bank_key(cast.east.server, cast.east.guid)
    token = key.token()
    allow(key, AWAY)
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException):
        customers_from(HOME, key, token).list_customers()
    assert customers_from(AWAY, key, token).list_customers().per_page >= 1


def test_works_from_everywhere_once_the_list_is_cleared(bound: Holder) -> None:
    token = bound.token()
    allow(bound, "--any")
    assert ask_from(AWAY, bound).status_code == 200
    assert customers_from(AWAY, bound, token).list_customers().per_page >= 1


def test_shows_the_list_to_the_identity_client(bound: Holder) -> None:
    allow(bound, HOME, "10.0.0.0/8")
    shown = bound.bank_keys().get_bank_application(bound.client_id).ip_allowlist
    assert [entry.removesuffix("/32") for entry in shown] == [HOME, "10.0.0.0/8"]


@pytest.fixture(scope="module")
def proxied(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Holder]:
    """A key for 203.0.113.0/24 on a server whose reverse proxy is at home."""
    with serving(postgres, tmp_path_factory.mktemp("proxied"), OSTIARY_TRUSTED_PROXIES=f"{HOME}/32") as server:
        yield bank_key(server, cast_on(server).north.guid, "--allow", "203.0.113.0/24")


def ask_through(forwarded_for: str, key: Holder, *, proxy: str = HOME) -> httpx2.Response:
    pair = {"client_id": key.client_id, "client_secret": key.client_secret}
    with httpx2.Client(transport=httpx2.HTTPTransport(local_address=proxy)) as client:
        return client.post(
            key.server.base_url + "/oauth/token",
            json={"grant_type": "client_credentials", **pair},
            headers={"X-Forwarded-For": forwarded_for},
        )


@pytest.mark.parametrize(
    ("forwarded_for", "proxy", "status"),
    [
        ("203.0.113.7", HOME, 200),
        ("198.51.100.1, 203.0.113.7", HOME, 200),
        ("203.0.113.7, 198.51.100.1", HOME, 401),
        ("198.51.100.1", HOME, 401),
        ("nonsense", HOME, 401),
        ("203.0.113.7", AWAY, 401),
    ],
)
def test_believes_a_trusted_proxy_and_nobody_else(proxied: Holder, forwarded_for: str, proxy: str, status: int) -> None:
    assert ask_through(forwarded_for, proxied, proxy=proxy).status_code == status


def test_reads_the_forwarded_address_of_the_published_client(proxied: Holder) -> None:
    token = ask_through("203.0.113.7", proxied).json()["access_token"]
    inside, outside = (
        customers(proxied.server.base_url, token, header_name="X-Forwarded-For", header_value=address)
        for address in ("203.0.113.200", "198.51.100.1")
    )
    assert inside.list_customers().per_page >= 1
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException):
        outside.list_customers()
