"""Tokens of customers through the published clients: what the mobile and the web demo do before anything else."""

import cybrid_api_bank
import cybrid_api_id
import pytest
from cybrid_api_bank.api.customers_bank_api import CustomersBankApi
from cybrid_api_bank.model.patch_customer import PatchCustomer
from cybrid_api_bank.model.post_customer import PostCustomer
from cybrid_api_bank.model.post_customer_name import PostCustomerName
from cybrid_api_id.model.post_customer_token import PostCustomerToken

from tests.clients.cast import Cast, Holder, bank_key, claims
from tests.clients.published import NOBODY, banks, customers, problem, recorded
from tests.clients.test_addresses import AWAY, HOME, allow, customers_from

# What the mobile demos ask for: of the bank's token next to nothing, of the customer's everything they show.
OF_BANK = ("banks:read", "banks:write", "customers:read", "customers:write", "customers:execute")
FOR_CUSTOMER = """
    accounts:read accounts:execute customers:read customers:write prices:read quotes:read quotes:execute trades:read
    trades:execute transfers:read transfers:execute external_bank_accounts:read external_bank_accounts:execute
    external_wallets:read external_wallets:execute identity_verifications:read identity_verifications:execute
    workflows:read workflows:execute
"""
OF_CUSTOMER = FOR_CUSTOMER.split()
INDIVIDUAL = PostCustomer(type="individual", name=PostCustomerName(first="Ada", middle=None, last="King"))


def token_for(bank: Holder, customer_guid: str, *scopes: str, **more: object) -> str:
    new = PostCustomerToken(customer_guid=customer_guid, scopes=list(scopes or OF_CUSTOMER), **more)
    return str(bank.customer_tokens(*OF_BANK).create_customer_token(new).access_token)


def as_customer(bank: Holder, customer_guid: str, *scopes: str) -> CustomersBankApi:
    return customers(bank.server.base_url, token_for(bank, customer_guid, *scopes))


def new_customer(bank: Holder) -> str:
    api = bank.customers(*OF_BANK)
    return str(recorded(api, api.create_customer(INDIVIDUAL).guid).guid)


def test_leads_a_demo_from_login_to_bank(cast: Cast) -> None:
    guid = new_customer(cast.north)
    new = PostCustomerToken(customer_guid=guid, scopes=OF_CUSTOMER)
    made, status, _ = cast.north.customer_tokens(*OF_BANK).create_customer_token(new, _return_http_data_only=False)
    assert status == 201
    said = claims(made.access_token)
    assert (said["sub"], said["sub_type"], said["exp"] - said["iat"]) == (guid, "customer", 8 * 3600)
    assert said["properties"] == {"bank_guid": cast.north.guid, "bank_type": "sandbox"}
    assert said["scope"].split() == OF_CUSTOMER
    seen = cast.north.customers(*OF_BANK).get_customer(guid)
    assert cast.north.banks(*OF_BANK).get_bank(seen.bank_guid).name == "North"


def test_lets_a_customer_read_and_change_itself(cast: Cast) -> None:
    guid = new_customer(cast.north)
    api = as_customer(cast.north, guid)
    assert api.get_customer(guid).guid == guid
    listed = api.list_customers()
    assert (listed.total, listed.objects[0].guid) == (1, guid)
    assert api.update_customer(guid, PatchCustomer(state="unverified")).state == "unverified"


def test_shows_a_customer_its_personal_data_with_the_scope_for_it(cast: Cast) -> None:
    guid = new_customer(cast.north)
    shown = as_customer(cast.north, guid, "customers:read", "customers:pii:read").get_customer(guid, include_pii=True)
    assert shown.name.first == "Ada"
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException) as refusal:
        as_customer(cast.north, guid).get_customer(guid, include_pii=True)
    assert problem(refusal.value).error_message == "Invalid scopes. Required: customers:pii:read"


def test_answers_a_customer_about_another_like_about_nobody(cast: Cast) -> None:
    guid, other = new_customer(cast.north), new_customer(cast.north)
    api = as_customer(cast.north, guid)
    bodies = set()
    for stranger in (other, new_customer(cast.south), new_customer(cast.east), NOBODY):
        with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as refusal:
            api.get_customer(stranger)
        bodies.add(refusal.value.body)
    assert len(bodies) == 1


def test_keeps_a_customer_away_from_the_bank(cast: Cast) -> None:
    token = token_for(cast.north, new_customer(cast.north))
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        banks(cast.north.server.base_url, token).get_bank(cast.north.guid)
    assert problem(refusal.value).message_code == "invalid_subject"
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException):
        customers(cast.north.server.base_url, token).create_customer(INDIVIDUAL)


@pytest.mark.parametrize("owner", ["south", "east", ""])
def test_makes_the_web_demo_mark_a_customer_it_does_not_know(cast: Cast, owner: str) -> None:
    guid = new_customer(getattr(cast, owner)) if owner else NOBODY
    with pytest.raises(cybrid_api_id.ApiException) as refusal:
        token_for(cast.north, guid)
    read = problem(refusal.value)
    assert (read.status, read.message_code, read.error_message) == (422, "no_customer", "Unknown customer")


def test_makes_customer_tokens_for_banks_alone(cast: Cast) -> None:
    new = PostCustomerToken(customer_guid=new_customer(cast.north), scopes=["customers:read"])
    with pytest.raises(cybrid_api_id.exceptions.UnauthorizedException) as refusal:
        cast.acme.customer_tokens().create_customer_token(new)
    assert problem(refusal.value).error_message == "Invalid Subject type. Required: bank"
    with pytest.raises(cybrid_api_id.exceptions.ForbiddenException) as without:
        cast.north.customer_tokens("customers:read").create_customer_token(new)
    assert problem(without.value).error_message == "Invalid scopes. Required: customers:write"


def test_ends_with_the_key_that_made_it(cast: Cast) -> None:
    key, guid = bank_key(cast.east.server, cast.east.guid), new_customer(cast.east)
    api, of_another = as_customer(key, guid), as_customer(cast.east, guid)
    assert api.get_customer(guid).guid == guid
    key.server.cli("keys", "pause", key.client_id, "--yes")
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        api.get_customer(guid)
    assert problem(refusal.value).error_message == "Credential paused"
    assert of_another.get_customer(guid).guid == guid


def test_obeys_its_own_addresses_and_those_of_its_key(cast: Cast) -> None:
    key, guid = bank_key(cast.east.server, cast.east.guid), new_customer(cast.east)
    inherits = token_for(key, guid)
    joins = token_for(key, guid, ip_allowlist=[AWAY])
    alone = token_for(key, guid, inherit_ip_allowlist=False, ip_allowlist=[AWAY])
    allow(key, HOME)
    for token, address, works in (
        (inherits, HOME, True),
        (inherits, AWAY, False),
        (joins, HOME, True),
        (joins, AWAY, True),
        (alone, HOME, False),
        (alone, AWAY, True),
    ):
        api = customers_from(address, key, token)
        if works:
            assert api.get_customer(guid).guid == guid
            continue
        with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException) as refusal:
            api.get_customer(guid)
        assert problem(refusal.value).message_code == "forbidden"
