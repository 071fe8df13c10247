"""Our scopes beside the published clients' own lists."""

import cybrid_api_bank
import cybrid_api_id
import cybrid_api_organization
from cybrid_api_id.model.application import Application
from cybrid_api_id.model.post_customer_token import PostCustomerToken

from ostiary.access.scopes import BANK_KEY, CUSTOMER, MANAGEMENT, ORGANIZATION_KEY, Scope
from tests.clients.published import PREAMBLE, RECOMMENDED_FOR_BANKS, RECOMMENDED_FOR_ORGANIZATIONS, TOLERATED


def test_knows_every_scope_of_the_clients_and_no_other() -> None:
    known = set(Application.allowed_values["scopes",].values())
    assert len(known) == 71
    assert set(Scope) == known


def test_gives_bank_keys_the_recommended_scopes() -> None:
    assert len(RECOMMENDED_FOR_BANKS) == 55
    assert set(RECOMMENDED_FOR_BANKS) == BANK_KEY


def test_gives_organization_keys_the_recommended_scopes() -> None:
    assert len(RECOMMENDED_FOR_ORGANIZATIONS) == 50
    assert set(RECOMMENDED_FOR_ORGANIZATIONS) == ORGANIZATION_KEY


def test_gives_customers_the_scopes_of_the_list() -> None:
    listed = set(PostCustomerToken.allowed_values["scopes",].values())
    assert len(listed) == 48
    assert listed == CUSTOMER


def test_tolerates_the_nine_management_scopes() -> None:
    assert len(TOLERATED) == 9
    assert set(TOLERATED) == MANAGEMENT


def test_keeps_management_out_of_every_key() -> None:
    assert not MANAGEMENT & (BANK_KEY | ORGANIZATION_KEY)


def test_reads_one_text_from_all_three_clients() -> None:
    told = PREAMBLE.partition("# Cybrid API documentation")[2]
    for client in (cybrid_api_bank, cybrid_api_organization, cybrid_api_id):
        assert str(client.__doc__).partition("# Cybrid API documentation")[2] == told
