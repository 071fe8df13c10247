"""What the commands tell about each kind of thing, in which order: the same members whichever way they come."""

ORGANIZATION = ("guid", "name", "created_at", "updated_at", "closed_at")
BANK = (
    "guid",
    "organization_guid",
    "name",
    "type",
    "features",
    "supported_country_codes",
    "supported_fiat_account_assets",
    "supported_trading_symbols",
    "supported_payout_symbols",
    "cors_allowed_origins",
    "created_at",
    "updated_at",
    "closed_at",
)
KEY = (
    "guid",
    "client_id",
    "name",
    "kind",
    "organization_guid",
    "bank_guid",
    "status",
    "scopes",
    "ip_allowlist",
    "created_at",
    "updated_at",
    "expires_at",
    "last_used_at",
    "last_used_from",
)
