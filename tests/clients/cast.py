"""Who is on a live server: Acme owns North and South, Globex owns East. Made the way an operator makes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import jwt
from cybrid_api_bank.api.banks_bank_api import BanksBankApi
from cybrid_api_bank.api.customers_bank_api import CustomersBankApi
from cybrid_api_id.api.bank_applications_idp_api import BankApplicationsIdpApi
from cybrid_api_id.api.customer_tokens_idp_api import CustomerTokensIdpApi
from cybrid_api_id.api.organization_applications_idp_api import OrganizationApplicationsIdpApi
from cybrid_api_id.api.users_idp_api import UsersIdpApi
from cybrid_api_organization.api.organizations_organization_api import OrganizationsOrganizationApi

from tests.clients import published
from tests.live import LiveServer


@dataclass(frozen=True, slots=True)
class Holder:
    """A bank or an organization of a live server, with the key pair made for it."""

    server: LiveServer
    guid: str
    client_id: str
    client_secret: str

    def ask(self, *scopes: str, **more: str) -> httpx2.Response:
        """POST /oauth/token as every official example does: JSON, with the secret in the body."""
        body = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        return httpx2.post(self.server.base_url + "/oauth/token", json=body | _scope(scopes) | more)

    def token(self, *scopes: str) -> str:
        answer = self.ask(*scopes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def banks(self, *scopes: str) -> BanksBankApi:
        return published.banks(self.server.base_url, self.token(*scopes))

    def customers(self, *scopes: str) -> CustomersBankApi:
        return published.customers(self.server.base_url, self.token(*scopes))

    def organizations(self, *scopes: str) -> OrganizationsOrganizationApi:
        return published.organizations(self.server.base_url, self.token(*scopes))

    def bank_keys(self, *scopes: str) -> BankApplicationsIdpApi:
        return published.bank_keys(self.server.base_url, self.token(*scopes))

    def customer_tokens(self, *scopes: str) -> CustomerTokensIdpApi:
        return published.customer_tokens(self.server.base_url, self.token(*scopes))

    def organization_keys(self, *scopes: str) -> OrganizationApplicationsIdpApi:
        return published.organization_keys(self.server.base_url, self.token(*scopes))

    def users(self, *scopes: str) -> UsersIdpApi:
        return published.users(self.server.base_url, self.token(*scopes))


@dataclass(frozen=True, slots=True)
class Cast:
    acme: Holder
    north: Holder
    south: Holder
    globex: Holder
    east: Holder


def cast_on(server: LiveServer) -> Cast:
    first = server.cli("init", "--organization", "Acme", "--bank", "North")
    acme = first["organization_guid"]
    south = server.cli("banks", "create", "--organization", acme, "--name", "South")["guid"]
    globex = server.cli("organizations", "create", "--name", "Globex")["guid"]
    east = server.cli("banks", "create", "--organization", globex, "--name", "East")["guid"]
    return Cast(
        acme=organization_key(server, acme),
        north=Holder(server, first["bank_guid"], first["client_id"], first["client_secret"]),
        south=bank_key(server, south),
        globex=organization_key(server, globex),
        east=bank_key(server, east),
    )


def bank_key(server: LiveServer, guid: str, *options: str) -> Holder:
    made = server.cli("keys", "create", "--bank", guid, "--name", "Made for the test", *options)
    return Holder(server, guid, made["client_id"], made["client_secret"])


def organization_key(server: LiveServer, guid: str) -> Holder:
    made = server.cli("keys", "create", "--organization-key", "--organization", guid, "--name", "Made for the test")
    return Holder(server, guid, made["client_id"], made["client_secret"])


def claims(token: str) -> Mapping[str, Any]:
    """What the token says, unverified, as the vendor's SDKs read it."""
    return jwt.decode(token, options={"verify_signature": False})


def _scope(scopes: tuple[str, ...]) -> dict[str, str]:
    return {"scope": " ".join(scopes)} if scopes else {}
