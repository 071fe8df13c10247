"""What a body may say, and what is answered to one that says more."""

from tests.tenancy.things import Expected, Request

CUSTOMER_TOKENS = "POST /api/customer_tokens"
# What a body may say. `bank_guid` may stand in each of them and decides in none.
MEMBERS = {
    "PATCH /api/organizations/{organization_guid}": {"name"},
    "POST /api/banks": {
        *("type", "name", "features", "supported_country_codes"),
        *("supported_fiat_account_assets", "supported_trading_symbols"),
    },
    "PATCH /api/banks/{bank_guid}": {"name"},
    "POST /api/customers": {"type", "name", "labels"},
    "PATCH /api/customers/{customer_guid}": {"state"},
    CUSTOMER_TOKENS: {"customer_guid", "scopes"},
    "POST /api/organization_applications": {"name", "expires_at"},
    "PATCH /api/organization_applications/{client_id}": {"name"},
    "POST /api/bank_applications": {"name", "expires_at"},
    "PATCH /api/bank_applications/{client_id}": {"name"},
    "POST /api/users": {"email", "role"},
    "PATCH /api/users/{user_guid}": {"role"},
}


def flaw(request: Request) -> Expected | None:
    sent = request.body or {}
    is_known = MEMBERS[request.operation].issuperset(sent.keys() - {"bank_guid"})
    if not is_known or sent.get("state", "unverified") != "unverified":
        return Expected(400, "invalid_parameter")
    return None
