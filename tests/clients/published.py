"""The published Python clients, unchanged, and what their own text says about scopes."""

import re
import time
from types import SimpleNamespace

import cybrid_api_bank
import cybrid_api_id
import cybrid_api_organization
from cybrid_api_bank.api.banks_bank_api import BanksBankApi
from cybrid_api_bank.api.customers_bank_api import CustomersBankApi
from cybrid_api_bank.model.customer import Customer
from cybrid_api_bank.model.error_response import ErrorResponse
from cybrid_api_bank.model.post_bank import PostBank
from cybrid_api_id.api.bank_applications_idp_api import BankApplicationsIdpApi
from cybrid_api_id.api.customer_tokens_idp_api import CustomerTokensIdpApi
from cybrid_api_id.api.organization_applications_idp_api import OrganizationApplicationsIdpApi
from cybrid_api_id.api.users_idp_api import UsersIdpApi
from cybrid_api_organization.api.organizations_organization_api import OrganizationsOrganizationApi

NOBODY = "0" * 32
# What the vendor's Python demo asks for, most of it about things Ostiary does not have.
DEMO = """
    accounts:read accounts:execute banks:read banks:write customers:read customers:write customers:execute prices:read
    quotes:read quotes:execute trades:read trades:execute transfers:read transfers:execute external_wallets:read
    external_wallets:execute identity_verifications:read identity_verifications:execute
"""
DEMO_SCOPES = DEMO.split()
PREAMBLE = str(cybrid_api_id.__doc__)


def _names(pattern: str) -> list[str]:
    found = re.search(pattern, PREAMBLE)
    assert found, f"the clients' text has changed: {pattern} is not in it"
    return re.findall(r"[a-z_]+(?::[a-z]+)+", found[1])


RECOMMENDED_FOR_BANKS = _names(r'"scope": "([^"]+)"')
RECOMMENDED_FOR_ORGANIZATIONS = _names(r"set `scope` to '([^']+)'")
TOLERATED = _names(r"Requesting the (.+?) scopes alongside")


def identity_client(base_url: str, token: str | None, **header: str) -> cybrid_api_id.ApiClient:
    return cybrid_api_id.ApiClient(cybrid_api_id.Configuration(host=base_url, access_token=token), **header)


def organization_client(base_url: str, token: str | None, **header: str) -> cybrid_api_organization.ApiClient:
    configuration = cybrid_api_organization.Configuration(host=base_url, access_token=token)
    return cybrid_api_organization.ApiClient(configuration, **header)


def bank_client(base_url: str, token: str | None, **header: str) -> cybrid_api_bank.ApiClient:
    return cybrid_api_bank.ApiClient(cybrid_api_bank.Configuration(host=base_url, access_token=token), **header)


def banks(base_url: str, token: str | None, **header: str) -> BanksBankApi:
    return BanksBankApi(bank_client(base_url, token, **header))


def customers(base_url: str, token: str | None, **header: str) -> CustomersBankApi:
    return CustomersBankApi(bank_client(base_url, token, **header))


def organizations(base_url: str, token: str | None) -> OrganizationsOrganizationApi:
    return OrganizationsOrganizationApi(organization_client(base_url, token))


def bank_keys(base_url: str, token: str | None) -> BankApplicationsIdpApi:
    return BankApplicationsIdpApi(identity_client(base_url, token))


def organization_keys(base_url: str, token: str | None) -> OrganizationApplicationsIdpApi:
    return OrganizationApplicationsIdpApi(identity_client(base_url, token))


def customer_tokens(base_url: str, token: str | None) -> CustomerTokensIdpApi:
    return CustomerTokensIdpApi(identity_client(base_url, token))


def users(base_url: str, token: str | None) -> UsersIdpApi:
    return UsersIdpApi(identity_client(base_url, token))


def new_bank(name: str, **changes: object) -> PostBank:
    given: dict[str, object] = {
        "type": "sandbox",
        "name": name,
        "supported_trading_symbols": ["BTC-USD"],
        "supported_fiat_account_assets": ["USD"],
        "supported_country_codes": ["US"],
        "features": ["kyc_identity_verifications", "individual_customers", "business_customers"],
    }
    return PostBank(**given | changes)


def recorded(api: CustomersBankApi, guid: str, within_seconds: float = 30) -> Customer:
    """The customer once it has left `storing`: polled as the vendor's demos do, only more often."""
    deadline = time.monotonic() + within_seconds
    while (customer := api.get_customer(guid)).state == "storing":
        assert time.monotonic() < deadline, f"still storing after {within_seconds} s"
        time.sleep(0.05)
    return customer


def problem(refusal: cybrid_api_bank.ApiException) -> ErrorResponse:
    """The refusal's body through the clients' own error model, which checks it: the clients leave it as text."""
    reader = cybrid_api_bank.ApiClient()
    return reader.deserialize(SimpleNamespace(data=refusal.body), (ErrorResponse,), _check_type=True)
