"""What a bank's settings must fulfil, refused in the words of the platform (wire contract §5.3)."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
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
NOT_SUPPORTED = "Trading symbol not supported"
NOT_CONFIGURED = "Trading symbols contain an asset that is not configured as supported"
CUSTOMER_FEATURES = {BankFeature.INDIVIDUAL_CUSTOMERS, BankFeature.BUSINESS_CUSTOMERS}


def check_new(new: NewBank) -> None:
    """Raises the first of the eight refusals that apply; forms learn of all of them."""
    _refuse(_faults(new))


def check_trading_symbols(symbols: Sequence[str], fiat_assets: Collection[str]) -> None:
    _refuse(_faults_of_symbols(symbols, fiat_assets))


def check_origins(origins: Sequence[str]) -> None:
    _refuse(_faults_of_origins(origins))


def _refuse(faults: Iterable[Invalid]) -> None:
    found = list(faults)
    if found:
        at: dict[str, str] = {}
        for name, sentence in (each for fault in found for each in fault.at.items()):
            at[name] = f"{at[name]} {sentence}" if name in at else sentence
        found[0].at = at
        raise found[0]


def _faults(new: NewBank) -> Iterator[Invalid]:
    if not CURRENCIES.issuperset(new.supported_fiat_account_assets):
        yield unsupported(
            "Fiat asset not supported", "supported_fiat_account_assets", "Choose one of the offered currencies."
        )
    yield from _faults_of_symbols(new.supported_trading_symbols, new.supported_fiat_account_assets)
    if new.supported_payout_symbols:
        yield unsupported("Payout symbols contain an asset that is not configured as supported")
    if not COUNTRIES.issuperset(new.supported_country_codes):
        yield unsupported(
            "Country code not supported", "supported_country_codes", "Choose one of the offered countries."
        )
    if not IDENTITY_FEATURES.intersection(new.features):
        yield unsupported(
            "Bank must be configured with kyc_identity_verifications",
            "features",
            "Choose a way to know who customers are.",
        )
    if not CUSTOMER_FEATURES.intersection(new.features):
        yield unsupported(
            "Bank must be configured with individual_customers or business_customers",
            "features",
            "Choose individual customers, business customers, or both.",
        )
    yield from _faults_of_origins(new.cors_allowed_origins or [])


def _faults_of_symbols(symbols: Sequence[str], fiat_assets: Collection[str]) -> Iterator[Invalid]:
    for symbol in symbols:
        base, dash, quote = symbol.partition("-")
        if not dash or base not in TRADED_ASSETS or quote not in CURRENCIES:
            yield unsupported(NOT_SUPPORTED, "supported_trading_symbols", f"{symbol} cannot be traded here.")
        elif quote not in fiat_assets:
            sentence = f"{symbol} is not traded against the bank's fiat asset."
            yield unsupported(NOT_CONFIGURED, "supported_trading_symbols", sentence)


def _faults_of_origins(origins: Sequence[str]) -> Iterator[Invalid]:
    for origin in origins:
        if not ORIGIN.match(origin) or not _has_host_and_port(origin):
            sentence = f"{origin} is no origin: write https and a host, perhaps a port, and nothing behind it."
            yield unsupported("CORS allowed origins must all be valid HTTPS URIs.", "cors_allowed_origins", sentence)


def may_promote(actor: Actor, *, owners_may: bool) -> bool:
    """The server's operator may, and an owner where its settings say so (DESIGN §6)."""
    return actor.subject is Subject.OPERATOR or (owners_may and actor.is_owner)


def unsupported(message: str, field: str = "", sentence: str = "") -> Invalid:
    """A refusal in the words of the platform, and, at a field of a form, in a sentence for people."""
    refusal = Invalid("unsupported_value", message, status=422)
    refusal.at = {field: sentence} if field else {}
    return refusal


def _has_host_and_port(origin: str) -> bool:
    try:
        url = urlsplit(origin)
        return bool(url.hostname) and url.port != 0
    except ValueError:
        return False
