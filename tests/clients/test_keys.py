"""API keys through the published identity client, which lists and gets them."""

import cybrid_api_id
import pytest

from tests.clients.cast import Cast
from tests.clients.published import (
    NOBODY,
    RECOMMENDED_FOR_BANKS,
    RECOMMENDED_FOR_ORGANIZATIONS,
    problem,
)


def test_lists_a_banks_keys_for_its_own_token(cast: Cast) -> None:
    listed = cast.north.bank_keys("banks:read").list_bank_applications()
    assert [key.client_id for key in listed.objects] == [cast.north.client_id]


def test_ignores_bank_guid_when_a_bank_token_lists_keys(cast: Cast) -> None:
    listed = cast.north.bank_keys().list_bank_applications(bank_guid=cast.south.guid)
    assert [key.client_id for key in listed.objects] == [cast.north.client_id]


def test_lists_the_keys_of_one_bank_for_an_organization(cast: Cast) -> None:
    listed = cast.acme.bank_keys("banks:read").list_bank_applications(bank_guid=cast.south.guid)
    assert [key.client_id for key in listed.objects] == [cast.south.client_id]


def test_hides_other_organizations_keys(cast: Cast) -> None:
    listed = cast.acme.bank_keys().list_bank_applications(per_page=100)
    assert cast.east.client_id not in {key.client_id for key in listed.objects}


def test_finds_a_bank_key_by_client_id_and_by_guid(cast: Cast) -> None:
    api = cast.north.bank_keys("bank_applications:read")
    by_client_id = api.get_bank_application(cast.north.client_id)
    assert api.get_bank_application(by_client_id.guid).client_id == cast.north.client_id


def test_names_every_scope_that_a_bank_key_may_hold(cast: Cast) -> None:
    key = cast.north.bank_keys().get_bank_application(cast.north.client_id)
    assert set(key.scopes) == set(RECOMMENDED_FOR_BANKS)
    assert key.ip_allowlist == []


def test_finds_an_organization_key_by_client_id_and_by_guid(cast: Cast) -> None:
    api = cast.acme.organization_keys("organization_applications:read")
    by_client_id = api.get_organization_application(cast.acme.client_id)
    assert api.get_organization_application(by_client_id.guid).client_id == cast.acme.client_id
    assert set(by_client_id.scopes) == set(RECOMMENDED_FOR_ORGANIZATIONS)


def test_lists_an_organizations_own_keys(cast: Cast) -> None:
    api = cast.acme.organization_keys("organizations:read")
    listed = {key.client_id for key in api.list_organization_applications(per_page=100).objects}
    assert cast.acme.client_id in listed
    assert not listed & {other.client_id for other in (cast.north, cast.south, cast.globex, cast.east)}


def test_never_shows_a_secret_again(cast: Cast) -> None:
    api = cast.north.bank_keys()
    for answer in (
        api.get_bank_application(cast.north.client_id, _preload_content=False),
        api.list_bank_applications(_preload_content=False),
    ):
        assert b"secret" not in answer.data
        assert cast.north.client_secret.encode() not in answer.data


@pytest.mark.parametrize("owner", ["south", "east", "nobody"])
def test_does_not_find_keys_outside_the_bank(cast: Cast, owner: str) -> None:
    foreign = {"south": cast.south.client_id, "east": cast.east.client_id, "nobody": NOBODY}[owner]
    with pytest.raises(cybrid_api_id.exceptions.NotFoundException) as refusal:
        cast.north.bank_keys().get_bank_application(foreign)
    assert problem(refusal.value).message_code == "not_found"
