"""What the published clients refuse in an answer: their validation runs here on everything Ostiary sends."""

import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import cybrid_api_bank
import cybrid_api_id
import cybrid_api_organization
import httpx2
import pytest
from cybrid_api_bank.model.post_customer import PostCustomer
from cybrid_api_id.model.application import Application

from tests.clients.cast import Cast
from tests.clients.published import NOBODY, banks, new_bank

Call = Callable[..., Any]

# Each takes the cast and the client's own keyword arguments.
READS: dict[str, Call] = {
    "bank": lambda cast, **how: cast.north.banks().get_bank(cast.north.guid, **how),
    "banks": lambda cast, **how: cast.acme.banks().list_banks(**how),
    "customer": lambda cast, **how: cast.north.customers().get_customer(_customer(cast), **how),
    "customer with personal data": lambda cast, **how: cast.north.customers().get_customer(
        _customer(cast), include_pii=True, **how
    ),
    "customers": lambda cast, **how: cast.north.customers().list_customers(**how),
    "organization": lambda cast, **how: cast.acme.organizations().get_organization(cast.acme.guid, **how),
    "bank key": lambda cast, **how: cast.north.bank_keys().get_bank_application(cast.north.client_id, **how),
    "bank keys": lambda cast, **how: cast.acme.bank_keys().list_bank_applications(**how),
    "organization key": lambda cast, **how: cast.acme.organization_keys().get_organization_application(
        cast.acme.client_id, **how
    ),
    "organization keys": lambda cast, **how: cast.acme.organization_keys().list_organization_applications(**how),
}
LISTS = [name for name in READS if name.endswith("s")]
REFUSALS: dict[str, tuple[int, str, Call]] = {
    "no token": (401, "UnauthorizedException", lambda cast: banks(cast.north.server.base_url, None).list_banks()),
    "no scope": (403, "ForbiddenException", lambda cast: cast.north.banks("customers:read").list_banks()),
    "no such bank": (404, "NotFoundException", lambda cast: cast.north.banks().get_bank(NOBODY)),
    "no such bank feature": (
        422,
        "ApiException",
        lambda cast: cast.acme.banks().create_bank(new_bank("Lax", features=[])),
    ),
    "long list": (400, "ApiException", lambda cast: cast.acme.customers().list_customers(bank_guid="a" * 4097)),
}


@pytest.mark.parametrize("name", READS)
def test_sends_what_the_clients_accept(cast: Cast, name: str) -> None:
    _, status, headers = READS[name](cast, _return_http_data_only=False)
    assert status == 200
    assert headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("name", READS)
def test_sends_no_null_where_the_clients_have_none(cast: Cast, name: str) -> None:
    assert set(_nulls(_raw(cast, name))) <= {"expires_at", "labels"}


@pytest.mark.parametrize("name", READS)
def test_sends_guids_of_32_lower_case_hex_digits(cast: Cast, name: str) -> None:
    found = re.findall(r'"(?:\w+_)?guid": ?"([^"]*)"', json.dumps(_raw(cast, name)))
    assert found
    assert all(re.fullmatch("[0-9a-f]{32}", guid) for guid in found)


@pytest.mark.parametrize("name", READS)
def test_sends_times_in_utc_with_milliseconds(cast: Cast, name: str) -> None:
    found = re.findall(r'"\w+_at": ?"([^"]*)"', json.dumps(_raw(cast, name)))
    assert found
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment in found)


@pytest.mark.parametrize("name", LISTS)
def test_wraps_lists_in_the_four_members(cast: Cast, name: str) -> None:
    listed = READS[name](cast, page=0, per_page=1)
    assert set(listed.to_dict()) == {"total", "page", "per_page", "objects"}
    assert (listed.page, listed.per_page) == (0, 1)
    assert listed.total >= len(listed.objects)


@pytest.mark.parametrize("name", LISTS)
def test_keeps_per_page_positive_on_a_page_behind_the_last(cast: Cast, name: str) -> None:
    listed = READS[name](cast, page=1_000_000, per_page=100)
    assert (listed.page, listed.per_page, listed.objects) == (1_000_000, 100, [])


@pytest.mark.parametrize("query", ["per_page=0", "per_page=101", "page=-1", "per_page=many"])
def test_refuses_pages_that_the_clients_could_not_read(cast: Cast, query: str) -> None:
    url = f"{cast.north.server.base_url}/api/customers?{query}"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {cast.north.token()}"})
    assert (answer.status_code, answer.json()["message_code"]) == (400, "invalid_value")


def test_gives_keys_no_scope_that_the_clients_do_not_know(cast: Cast) -> None:
    known = set(Application.allowed_values[("scopes",)].values())
    for name in ("bank key", "organization key"):
        assert set(READS[name](cast).scopes) <= known


@pytest.mark.parametrize("name", REFUSALS)
def test_becomes_the_clients_own_exceptions(cast: Cast, name: str) -> None:
    status, exception, call = REFUSALS[name]
    with pytest.raises(cybrid_api_bank.ApiException) as refusal:
        call(cast)
    assert (refusal.value.status, type(refusal.value).__name__) == (status, exception)


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("client", [cybrid_api_bank, cybrid_api_id, cybrid_api_organization])
def test_refuses_in_the_clients_error_model(cast: Cast, name: str, client: Any) -> None:  # noqa: ANN401 - untyped module
    with pytest.raises(cybrid_api_bank.ApiException) as refusal:
        REFUSALS[name][2](cast)
    body, model = SimpleNamespace(data=refusal.value.body), client.model.error_response.ErrorResponse
    read = client.ApiClient().deserialize(body, (model,), _check_type=True)
    assert (type(read.status), read.status) == (int, refusal.value.status)
    assert read.error_message
    assert read.message_code


def test_answers_201_to_what_it_made(cast: Cast) -> None:
    api = cast.north.customers()
    _, status, _ = api.create_customer(PostCustomer(type="individual"), _return_http_data_only=False)
    assert status == 201


@pytest.mark.parametrize("spelling", ["True", "true"])
def test_reads_booleans_with_and_without_a_capital(cast: Cast, spelling: str) -> None:
    url = f"{cast.north.server.base_url}/api/customers/{_customer(cast)}?include_pii={spelling}"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {cast.north.token()}"})
    assert answer.json()["email_address"] == "ada@example.com"


@pytest.mark.parametrize("spelling", ["False", "false"])
def test_reads_a_refused_boolean_with_and_without_a_capital(cast: Cast, spelling: str) -> None:
    url = f"{cast.north.server.base_url}/api/customers/{_customer(cast)}?include_pii={spelling}"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {cast.north.token()}"})
    assert "email_address" not in answer.json()


@pytest.mark.parametrize("comma", [",", "%2C"])
def test_reads_comma_lists_plain_and_percent_encoded(cast: Cast, comma: str) -> None:
    url = f"{cast.acme.server.base_url}/api/banks?guid={cast.north.guid}{comma}{cast.south.guid}"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {cast.acme.token()}"})
    assert {bank["guid"] for bank in answer.json()["objects"]} == {cast.north.guid, cast.south.guid}


def _customer(cast: Cast) -> str:
    new = PostCustomer(type="individual", email_address="ada@example.com")
    return str(cast.north.customers().create_customer(new).guid)


def _raw(cast: Cast, name: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(READS[name](cast, _preload_content=False).data)


def _nulls(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The names of the members that are null, however deep."""
    if isinstance(value, dict):
        yield from (name for name, inner in value.items() if inner is None)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _nulls(inner)
