"""Customers through the published bank client: made, polled, listed, and kept inside their bank."""

import datetime as dt
from uuid import uuid4

import cybrid_api_bank
import pytest
from cybrid_api_bank.model.patch_customer import PatchCustomer
from cybrid_api_bank.model.post_customer import PostCustomer
from cybrid_api_bank.model.post_customer_address import PostCustomerAddress
from cybrid_api_bank.model.post_customer_name import PostCustomerName

from tests.clients.cast import Cast
from tests.clients.published import DEMO_SCOPES, problem, recorded

INDIVIDUAL = PostCustomer(type="individual")


def test_stores_a_customer_and_records_it_shortly_after(cast: Cast) -> None:
    api = cast.north.customers(*DEMO_SCOPES)
    made = api.create_customer(INDIVIDUAL)
    assert (made.state, made.type, made.bank_guid) == ("storing", "individual", cast.north.guid)
    assert recorded(api, made.guid).state == "unverified"


def test_lists_a_new_customer_first(cast: Cast) -> None:
    api = cast.north.customers()
    guid = recorded(api, api.create_customer(INDIVIDUAL).guid).guid
    listed = api.list_customers(per_page=1)
    assert (listed.page, listed.per_page, len(listed.objects)) == (0, 1, 1)
    assert (listed.objects[0].guid, listed.objects[0].state) == (guid, "unverified")


def test_leads_a_mobile_demo_from_customer_to_bank(cast: Cast) -> None:
    scopes = ("banks:read", "banks:write", "customers:read", "customers:write", "customers:execute")
    made = cast.north.customers(*scopes).create_customer(INDIVIDUAL)
    seen = cast.north.customers(*scopes).get_customer(made.guid)
    assert cast.north.banks(*scopes).get_bank(seen.bank_guid).name == "North"


def test_serves_a_token_that_may_only_read_customers(cast: Cast) -> None:
    api = cast.north.customers("customers:read")
    assert len(api.list_customers(per_page=3).objects) <= 3
    assert {customer.type for customer in api.list_customers(type="individual").objects} <= {"individual"}


def test_ignores_bank_guid_when_a_bank_token_lists(cast: Cast) -> None:
    cast.south.customers().create_customer(INDIVIDUAL)
    listed = cast.north.customers().list_customers(bank_guid=cast.south.guid, per_page=100)
    assert listed.total == cast.north.customers().list_customers().total
    assert {customer.bank_guid for customer in listed.objects} <= {cast.north.guid}


def test_ignores_bank_guid_when_a_bank_token_creates(cast: Cast) -> None:
    made = cast.north.customers().create_customer(PostCustomer(type="individual", bank_guid=cast.south.guid))
    assert made.bank_guid == cast.north.guid
    assert cast.north.customers().get_customer(made.guid).bank_guid == cast.north.guid


def test_keeps_two_banks_of_one_organization_apart(cast: Cast) -> None:
    north, south = cast.north.customers(), cast.south.customers()
    norths, souths = north.create_customer(INDIVIDUAL), south.create_customer(INDIVIDUAL)
    assert (norths.bank_guid, souths.bank_guid) == (cast.north.guid, cast.south.guid)
    for api, foreign in ((north, souths), (south, norths)):
        with pytest.raises(cybrid_api_bank.exceptions.NotFoundException):
            api.get_customer(foreign.guid)
        with pytest.raises(cybrid_api_bank.exceptions.NotFoundException):
            api.update_customer(foreign.guid, PatchCustomer(state="unverified"))
        assert api.list_customers(guid=foreign.guid).total == 0


def test_lets_an_organization_read_the_customers_of_its_banks_only(cast: Cast) -> None:
    made = [bank.customers().create_customer(INDIVIDUAL).guid for bank in (cast.north, cast.south, cast.east)]
    listed = cast.acme.customers().list_customers(guid=",".join(made))
    assert {customer.guid for customer in listed.objects} == set(made[:2])


def test_filters_by_bank_for_an_organization(cast: Cast) -> None:
    made = [bank.customers().create_customer(INDIVIDUAL).guid for bank in (cast.north, cast.south)]
    listed = cast.acme.customers().list_customers(guid=",".join(made), bank_guid=cast.south.guid)
    assert [customer.guid for customer in listed.objects] == made[1:]


def test_finds_customers_by_label(cast: Cast) -> None:
    api, label = cast.north.customers(), f"two words {uuid4().hex}"
    made = api.create_customer(PostCustomer(type="individual", labels=[label, "vip"]))
    assert [customer.guid for customer in api.list_customers(label=label).objects] == [made.guid]


def test_shows_personal_data_only_when_asked(cast: Cast) -> None:
    api = cast.north.customers()
    guid = api.create_customer(
        PostCustomer(
            type="individual",
            name=PostCustomerName(first="Ada", middle=None, last="King"),
            address=PostCustomerAddress(street="1 High St", city="Boston", country_code="US", subdivision="MA"),
            date_of_birth=dt.date(1985, 12, 10),
            email_address="ada@example.com",
        )
    ).guid
    shown, hidden = api.get_customer(guid, include_pii=True), api.get_customer(guid)
    assert (shown.name.first, shown.date_of_birth) == ("Ada", dt.date(1985, 12, 10))
    assert shown.address.city == "Boston"
    assert not {"name", "address", "date_of_birth", "email_address"} & set(hidden.to_dict())


def test_hides_personal_data_from_a_token_without_the_scope(cast: Cast) -> None:
    api = cast.north.customers("customers:read")
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException) as refusal:
        api.list_customers(include_pii=True)
    assert problem(refusal.value).message_code == "invalid_scopes"
    assert "customers:pii:read" in problem(refusal.value).error_message


def test_updates_a_customer(cast: Cast) -> None:
    api = cast.north.customers()
    guid = recorded(api, api.create_customer(INDIVIDUAL).guid).guid
    assert api.update_customer(guid, PatchCustomer(state="unverified")).state == "unverified"
