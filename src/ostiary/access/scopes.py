"""Every scope of the platform, and which of them a key of each kind may hold."""

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    """`<resource>:read` lists and gets, `:write` updates, `:execute` creates and deletes, `:pii:read` shows people."""

    ACCOUNTS_EXECUTE = "accounts:execute"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    BANK_APPLICATIONS_EXECUTE = "bank_applications:execute"
    BANK_APPLICATIONS_READ = "bank_applications:read"
    BANK_APPLICATIONS_WRITE = "bank_applications:write"
    BANKS_EXECUTE = "banks:execute"
    BANKS_READ = "banks:read"
    BANKS_WRITE = "banks:write"
    COUNTERPARTIES_EXECUTE = "counterparties:execute"
    COUNTERPARTIES_PII_READ = "counterparties:pii:read"
    COUNTERPARTIES_READ = "counterparties:read"
    COUNTERPARTIES_WRITE = "counterparties:write"
    CUSTOMERS_EXECUTE = "customers:execute"
    CUSTOMERS_PII_READ = "customers:pii:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    DEPOSIT_ADDRESSES_EXECUTE = "deposit_addresses:execute"
    DEPOSIT_ADDRESSES_READ = "deposit_addresses:read"
    DEPOSIT_ADDRESSES_WRITE = "deposit_addresses:write"
    DEPOSIT_BANK_ACCOUNTS_EXECUTE = "deposit_bank_accounts:execute"
    DEPOSIT_BANK_ACCOUNTS_READ = "deposit_bank_accounts:read"
    DEPOSIT_BANK_ACCOUNTS_WRITE = "deposit_bank_accounts:write"
    EXECUTIONS_EXECUTE = "executions:execute"
    EXECUTIONS_READ = "executions:read"
    EXTERNAL_BANK_ACCOUNTS_EXECUTE = "external_bank_accounts:execute"
    EXTERNAL_BANK_ACCOUNTS_PII_READ = "external_bank_accounts:pii:read"
    EXTERNAL_BANK_ACCOUNTS_READ = "external_bank_accounts:read"
    EXTERNAL_BANK_ACCOUNTS_WRITE = "external_bank_accounts:write"
    EXTERNAL_WALLETS_EXECUTE = "external_wallets:execute"
    EXTERNAL_WALLETS_READ = "external_wallets:read"
    EXTERNAL_WALLETS_WRITE = "external_wallets:write"
    FILES_EXECUTE = "files:execute"
    FILES_PII_READ = "files:pii:read"
    FILES_READ = "files:read"
    IDENTITY_VERIFICATIONS_EXECUTE = "identity_verifications:execute"
    IDENTITY_VERIFICATIONS_PII_READ = "identity_verifications:pii:read"
    IDENTITY_VERIFICATIONS_READ = "identity_verifications:read"
    IDENTITY_VERIFICATIONS_WRITE = "identity_verifications:write"
    INVOICES_EXECUTE = "invoices:execute"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    ORGANIZATION_APPLICATIONS_EXECUTE = "organization_applications:execute"
    ORGANIZATION_APPLICATIONS_READ = "organization_applications:read"
    ORGANIZATION_APPLICATIONS_WRITE = "organization_applications:write"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    PERSONA_SESSIONS_EXECUTE = "persona_sessions:execute"
    PLANS_EXECUTE = "plans:execute"
    PLANS_READ = "plans:read"
    PRICES_READ = "prices:read"
    QUOTES_EXECUTE = "quotes:execute"
    QUOTES_READ = "quotes:read"
    SARDINE_SESSIONS_EXECUTE = "sardine_sessions:execute"
    SUBSCRIPTION_EVENTS_EXECUTE = "subscription_events:execute"
    SUBSCRIPTION_EVENTS_READ = "subscription_events:read"
    SUBSCRIPTIONS_EXECUTE = "subscriptions:execute"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    TRADES_EXECUTE = "trades:execute"
    TRADES_READ = "trades:read"
    TRANSACTIONS_READ = "transactions:read"
    TRANSFERS_EXECUTE = "transfers:execute"
    TRANSFERS_PII_READ = "transfers:pii:read"
    TRANSFERS_READ = "transfers:read"
    TRANSFERS_WRITE = "transfers:write"
    USERS_EXECUTE = "users:execute"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    WORKFLOWS_EXECUTE = "workflows:execute"
    WORKFLOWS_READ = "workflows:read"


def _named(names: str) -> frozenset[Scope]:
    return frozenset(Scope(name) for name in names.split())


ORGANIZATION_KEY = _named(
    """
    accounts:read accounts:write bank_applications:read banks:execute banks:read banks:write
    counterparties:pii:read counterparties:read customers:pii:read customers:read deposit_addresses:read
    deposit_addresses:write deposit_bank_accounts:execute deposit_bank_accounts:read
    deposit_bank_accounts:write executions:execute executions:read external_bank_accounts:pii:read
    external_bank_accounts:read external_bank_accounts:write external_wallets:read external_wallets:write
    files:execute files:pii:read files:read identity_verifications:execute identity_verifications:pii:read
    identity_verifications:read invoices:read organization_applications:read organizations:read
    organizations:write persona_sessions:execute plans:execute plans:read prices:read quotes:execute
    quotes:read sardine_sessions:execute subscription_events:execute subscription_events:read trades:execute
    trades:read transactions:read transfers:execute transfers:pii:read transfers:read transfers:write
    users:read workflows:read
    """
)

BANK_KEY = _named(
    """
    accounts:execute accounts:read accounts:write bank_applications:read banks:read banks:write
    counterparties:execute counterparties:pii:read counterparties:read counterparties:write customers:execute
    customers:pii:read customers:read customers:write deposit_addresses:execute deposit_addresses:read
    deposit_addresses:write deposit_bank_accounts:execute deposit_bank_accounts:read
    deposit_bank_accounts:write executions:execute executions:read external_bank_accounts:execute
    external_bank_accounts:pii:read external_bank_accounts:read external_bank_accounts:write
    external_wallets:execute external_wallets:read external_wallets:write files:execute files:pii:read
    files:read identity_verifications:execute identity_verifications:pii:read identity_verifications:read
    identity_verifications:write invoices:execute invoices:read invoices:write persona_sessions:execute
    plans:execute plans:read prices:read quotes:execute quotes:read sardine_sessions:execute trades:execute
    trades:read transactions:read transfers:execute transfers:pii:read transfers:read transfers:write
    workflows:execute workflows:read
    """
)

# What a bank may hand on to one of its customers, whichever scopes its own token has.
CUSTOMER = _named(
    """
    accounts:execute accounts:read accounts:write counterparties:execute counterparties:pii:read
    counterparties:read counterparties:write customers:pii:read customers:read customers:write
    deposit_addresses:execute deposit_addresses:read deposit_addresses:write deposit_bank_accounts:execute
    deposit_bank_accounts:read deposit_bank_accounts:write executions:execute executions:read
    external_bank_accounts:execute external_bank_accounts:pii:read external_bank_accounts:read
    external_bank_accounts:write external_wallets:execute external_wallets:read external_wallets:write
    identity_verifications:execute identity_verifications:pii:read identity_verifications:read
    identity_verifications:write invoices:execute invoices:read invoices:write persona_sessions:execute
    plans:execute plans:read prices:read quotes:execute quotes:read sardine_sessions:execute trades:execute
    trades:read transactions:read transfers:execute transfers:pii:read transfers:read transfers:write
    workflows:execute workflows:read
    """
)

# People hold these; a key that asks for them beside others gets the others (wire contract §1.4).
MANAGEMENT = _named(
    """
    organization_applications:write organization_applications:execute bank_applications:write
    bank_applications:execute users:write users:execute subscriptions:read subscriptions:write
    subscriptions:execute
    """
)


def holders(scopes: Collection[str]) -> list[str]:
    """Whose tokens can have all of these: nobody's, where this is done by people alone."""
    kinds = (("a bank key", BANK_KEY), ("an organization key", ORGANIZATION_KEY), ("a customer", CUSTOMER))
    return [name for name, held in kinds if {*scopes} <= held]
