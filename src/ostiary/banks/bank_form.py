"""The form for a new bank: what it offers, its usual values, and how what was typed becomes a bank, once."""

from typing import Any

from ostiary.banks import rules, service, usual
from ostiary.banks.catalog import TRADED_ASSETS
from ostiary.banks.models import Bank, BankFeature, BankType
from ostiary.banks.schemas import NewBank
from ostiary.errors import Forbidden, Invalid
from ostiary.web import one_time_forms
from ostiary.web.forms import Form
from ostiary.web.iso_names import COUNTRY_NAMES, CURRENCY_NAMES
from ostiary.web.pages import Visit
from ostiary.web.schemas import Sent, read_as

FEATURES = {
    BankFeature.INDIVIDUAL_CUSTOMERS: ("Individual customers", "People can become customers."),
    BankFeature.BUSINESS_CUSTOMERS: ("Business customers", "Companies can become customers."),
    BankFeature.KYC_IDENTITY_VERIFICATIONS: (
        "Identity verification by the platform",
        "It checks who customers are, so a program sends no more than their type.",
    ),
    BankFeature.ATTESTATION_IDENTITY_RECORDS: (
        "Attested identities",
        "You check who customers are, and send their name, address and documents with each.",
    ),
    BankFeature.ATTESTATION_IDENTITY_RECORDS_V2: (
        "Attested identities, version 2",
        "In the format of version 2.",
    ),
    BankFeature.ATTESTATION_IDENTITY_RECORDS_V3: (
        "Attested identities, version 3",
        "In the format of version 3.",
    ),
}
FOR_TRYING = "Made-up data. Try anything: nothing real moves."
FOR_REAL = "Real customers. Every key needs a list of source addresses."
BY_THE_OPERATOR = (
    "Real customers. It begins as a sandbox, and whoever runs this server switches it on: ostiary banks promote."
)
ORIGINS_HINT = "Web pages that may call the platform from a browser, one a line, as in https://app.example.com."
BY_AN_OWNER = "Real customers. Owners switch it on: ask one of yours."


def offered(visit: Visit) -> dict[str, Any]:
    """What the form's template shows."""
    may_promote = rules.may_promote(visit.actor, owners_may=visit.settings.owners_may_promote)
    by_others = BY_AN_OWNER if visit.settings.owners_may_promote else BY_THE_OPERATOR
    return {
        "form": visit.form.or_usual(
            type=BankType.SANDBOX,
            supported_country_codes=usual.COUNTRY,
            supported_fiat_account_assets=usual.FIAT,
            supported_trading_symbols=usual.ASSETS,
            features=usual.FEATURES,
        ),
        "types": [
            (BankType.SANDBOX, "Sandbox", FOR_TRYING),
            (BankType.PRODUCTION, "Production", FOR_REAL if may_promote else by_others, not may_promote),
        ],
        "countries": [(code, f"{name} ({code})") for code, name in COUNTRY_NAMES.items()],
        "currencies": [(code, f"{name} ({code})") for code, name in CURRENCY_NAMES.items()],
        "assets": [(asset, asset) for asset in sorted(TRADED_ASSETS)],
        "features": [(feature, *words) for feature, words in FEATURES.items()],
        "origins_hint": ORIGINS_HINT,
        "word": one_time_forms.word_for(visit.form),
    }


def read(form: Form) -> Sent[NewBank]:
    fiat = form.value("supported_fiat_account_assets")
    return read_as(
        NewBank,
        # It is switched on once it is there.
        type=BankType.SANDBOX if is_for_production(form) else form.value("type"),
        name=form.value("name"),
        supported_country_codes=[form.value("supported_country_codes")],
        supported_fiat_account_assets=[fiat],
        supported_trading_symbols=[f"{asset}-{fiat}" for asset in form.values("supported_trading_symbols")],
        features=form.values("features"),
        cors_allowed_origins=form.lines("cors_allowed_origins"),
    )


def create(visit: Visit) -> tuple[Bank, bool]:
    """The bank the form asks for, and whether it is new: a form that arrives twice has made its bank already."""
    visit.must_be_meant_here()
    # On PostgreSQL two that arrive at once would not see each other.
    visit.store.serialize(visit.db)
    digest = one_time_forms.digest(visit.actor, one_time_forms.word(visit.form))
    made = service.find_made_by(visit.db, visit.actor, digest)
    if made is not None:
        return made, False
    bank = service.create(visit.db, visit.actor, visit.person.organization_guid, read(visit.form), digest)
    if is_for_production(visit.form):
        _promote(visit, bank)
    return bank, True


def is_for_production(form: Form) -> bool:
    return form.value("type") == BankType.PRODUCTION


def _promote(visit: Visit, bank: Bank) -> None:
    try:
        service.promote(visit.db, visit.actor, bank.guid, owners_may=visit.settings.owners_may_promote)
    except Forbidden as refused:
        raise Invalid(refused.message_code, f"{refused.error_message}.", status=403, field="type") from refused
