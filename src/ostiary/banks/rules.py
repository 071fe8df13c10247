"""What a bank's settings must fulfil, refused in the words of the platform (wire contract §5.3)."""

import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from ostiary.access.actor import Actor, Subject
from ostiary.banks.catalog import TRADED_ASSETS
from ostiary.banks.models import BankFeature
from ostiary.banks.schemas import NewBank
from ostiary.errors import Invalid
from ostiary.web.iso_codes import COUNTRIES, CURRENCIES

ORIGIN = re.compile(r"https://[a-z0-9.\-\[\]:]+\Z", re.IGNORECASE)

IDENTITY_FEATURES = {
    BankFeature.KYC_IDENTITY_VERIFICATIONS,
    BankFeature.ATTESTATION_IDENTITY_RECORDS,
    BankFeature.ATTESTATION_IDENTITY_RECORDS_V2,
    BankFeature.ATTESTATION_IDENTITY_RECORDS_V3,
}
NOT_CONFIGURED = "Trading symbols contain an asset that is not configured as supported"
CUSTOMER_FEATURES = {BankFeature.INDIVIDUAL_CUSTOMERS, BankFeature.BUSINESS_CUSTOMERS}


def check_new(new: NewBank) -> None:
    """Raises the first of the eight refusals that applies."""
    if not CURRENCIES.issuperset(new.supported_fiat_account_assets):
        raise unsupported("Fiat asset not supported", "supported_fiat_account_assets")
    check_trading_symbols(new.supported_trading_symbols, new.supported_fiat_account_assets)
    if new.supported_payout_symbols:
        raise unsupported("Payout symbols contain an asset that is not configured as supported")
    if not COUNTRIES.issuperset(new.supported_country_codes):
        raise unsupported("Country code not supported", "supported_country_codes")
    if not IDENTITY_FEATURES.intersection(new.features):
        raise unsupported("Bank must be configured with kyc_identity_verifications", "features")
    if not CUSTOMER_FEATURES.intersection(new.features):
        raise unsupported("Bank must be configured with individual_customers or business_customers", "features")
    check_origins(new.cors_allowed_origins or [])


def check_trading_symbols(symbols: Sequence[str], fiat_assets: Collection[str]) -> None:
    for symbol in symbols:
        base, dash, quote = symbol.partition("-")
        if not dash or base not in TRADED_ASSETS or quote not in CURRENCIES:
            raise unsupported("Trading symbol not supported", "supported_trading_symbols")
        if quote not in fiat_assets:
            raise unsupported(NOT_CONFIGURED, "supported_trading_symbols")


def check_origins(origins: Sequence[str]) -> None:
    for origin in origins:
        if not ORIGIN.match(origin) or not _has_host_and_port(origin):
            raise unsupported("CORS allowed origins must all be valid HTTPS URIs.", "cors_allowed_origins")


def may_promote(actor: Actor, *, owners_may: bool) -> bool:
    """The server's operator may, and an owner where its settings say so (DESIGN §6)."""
    return actor.subject is Subject.OPERATOR or (owners_may and actor.is_owner)


def unsupported(message: str, field: str = "") -> Invalid:
    return Invalid("unsupported_value", message, status=422, field=field)


def _has_host_and_port(origin: str) -> bool:
    try:
        url = urlsplit(origin)
        return bool(url.hostname) and url.port != 0
    except ValueError:
        return False
