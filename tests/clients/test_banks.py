"""Banks through the published bank client."""

import cybrid_api_bank
import pytest
from cybrid_api_bank.model.patch_bank import PatchBank

from tests.clients.cast import Cast
from tests.clients.published import new_bank, problem


def test_shows_a_bank_to_its_own_token(cast: Cast) -> None:
    bank = cast.north.banks("banks:read").get_bank(cast.north.guid)
    assert (bank.guid, bank.organization_guid, bank.name, bank.type) == (
        cast.north.guid,
        cast.acme.guid,
        "North",
        "sandbox",
    )


def test_lists_one_bank_for_a_bank_token(cast: Cast) -> None:
    assert [bank.guid for bank in cast.north.banks("banks:read").list_banks().objects] == [cast.north.guid]


def test_makes_a_bank_for_an_organization(cast: Cast) -> None:
    api = cast.acme.banks("banks:read", "banks:execute")
    made = api.create_bank(new_bank("West", cors_allowed_origins=["https://west.example.com"]))
    seen = api.get_bank(made.guid)
    assert (seen.name, seen.type, seen.organization_guid) == ("West", "sandbox", cast.acme.guid)
    assert seen.supported_trading_symbols == ["BTC-USD"]
    assert seen.cors_allowed_origins == ["https://west.example.com"]


def test_lists_the_newest_bank_first(cast: Cast) -> None:
    api = cast.acme.banks()
    made = [api.create_bank(new_bank(name)).guid for name in ("Older", "Newer")]
    assert [bank.guid for bank in api.list_banks(per_page=2).objects] == made[::-1]


def test_finds_banks_by_a_list_of_guids(cast: Cast) -> None:
    listed = cast.acme.banks().list_banks(guid=f"{cast.north.guid},{cast.south.guid},{cast.east.guid}", type="sandbox")
    assert {bank.name for bank in listed.objects} == {"North", "South"}


def test_renames_a_bank(cast: Cast) -> None:
    api = cast.acme.banks()
    guid = api.create_bank(new_bank("Old name")).guid
    assert api.update_bank(guid, PatchBank(name="New name")).name == "New name"
    assert api.get_bank(guid).name == "New name"


def test_lets_a_bank_token_change_its_own_bank(cast: Cast) -> None:
    changed = cast.south.banks().update_bank(cast.south.guid, PatchBank(cors_allowed_origins=["https://south.test"]))
    assert changed.cors_allowed_origins == ["https://south.test"]


def test_refuses_a_bank_that_cannot_verify_anybody(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.ApiException) as refusal:
        cast.acme.banks().create_bank(new_bank("Lax", features=["individual_customers"]))
    assert refusal.value.status == 422
    assert problem(refusal.value).message_code == "unsupported_value"
    assert problem(refusal.value).error_message == "Bank must be configured with kyc_identity_verifications"
