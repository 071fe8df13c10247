"""A bank is made only as the platform allows, and each refusal has the platform's own text (wire contract §5.3)."""

import pytest

from ostiary.banks import rules
from ostiary.banks.schemas import NewBank
from ostiary.errors import Invalid
from ostiary.web.schemas import read_as

PAYOUT = {
    "primary_asset": "USDC",
    "counter_asset": "MXN",
    "country_code": "MX",
    "participants_type": "C2C",
    "route": "bank_account",
}
ORIGINS = "CORS allowed origins must all be valid HTTPS URIs."
NOT_SUPPORTED = "Trading symbol not supported"
WHOM = "Bank must be configured with individual_customers or business_customers"


def new_bank(**changes: object) -> NewBank:
    usual: dict[str, object] = {
        "type": "sandbox",
        "name": "North",
        "supported_trading_symbols": ["BTC-USD"],
        "supported_fiat_account_assets": ["USD"],
        "supported_country_codes": ["US"],
        "features": ["kyc_identity_verifications", "individual_customers"],
    }
    return read_as(NewBank, **usual | changes).read()


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("supported_fiat_account_assets", ["BTC"], "Fiat asset not supported"),
        ("supported_fiat_account_assets", ["usd"], "Fiat asset not supported"),
        ("supported_trading_symbols", ["BTC-XXX"], NOT_SUPPORTED),
        ("supported_trading_symbols", ["BTCUSD"], NOT_SUPPORTED),
        ("supported_trading_symbols", ["BTC-USD", "NONE-USD"], NOT_SUPPORTED),
        ("supported_trading_symbols", ["BTC-EUR"], rules.NOT_CONFIGURED),
        (
            "supported_payout_symbols",
            [PAYOUT],
            "Payout symbols contain an asset that is not configured as supported",
        ),
        ("supported_country_codes", ["XX"], "Country code not supported"),
        ("features", ["individual_customers"], "Bank must be configured with kyc_identity_verifications"),
        ("features", ["kyc_identity_verifications"], WHOM),
        ("features", ["attestation_identity_records"], WHOM),
        ("cors_allowed_origins", ["http://example.com"], ORIGINS),
        ("cors_allowed_origins", ["https://example.com", "https://"], ORIGINS),
        ("cors_allowed_origins", ["https://example.com/path"], ORIGINS),
        ("cors_allowed_origins", ["https://example.com:99999"], ORIGINS),
        ("cors_allowed_origins", ["*"], ORIGINS),
    ],
)
def test_refuses_a_bank_in_the_words_of_the_platform(member: str, value: object, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_new(new_bank(**{member: value}))
    assert refusal.value.body == {"status": 422, "error_message": text, "message_code": "unsupported_value"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("supported_trading_symbols", []),
        ("supported_payout_symbols", []),
        ("supported_payout_symbols", None),
        ("cors_allowed_origins", ["https://example.com", "https://app.example.com:8443", "https://[2001:db8::1]"]),
        ("features", ["attestation_identity_records_v3", "business_customers"]),
    ],
)
def test_makes_a_bank_that_keeps_the_rules(member: str, value: object) -> None:
    rules.check_new(new_bank(**{member: value}))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "test"),
        ("name", ""),
        ("name", " "),
        ("name", "x" * 129),
        ("name", "a\nb"),
        ("supported_fiat_account_assets", []),
        ("supported_fiat_account_assets", ["USD", "EUR"]),
        ("supported_country_codes", []),
        ("supported_country_codes", ["US", "CA"]),
        ("supported_trading_symbols", ["BTC-USD"] * 51),
        ("cors_allowed_origins", ["https://example.com"] * 51),
        ("features", ["free_money"]),
        ("features", None),
        ("colour", "blue"),
    ],
)
def test_reads_no_bank_of_another_shape(member: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        new_bank(**{member: value})
    assert refusal.value.status == 400
    assert member in refusal.value.error_message


def test_tells_a_form_all_that_is_wrong() -> None:
    crooked = new_bank(features=[], cors_allowed_origins=["*", "ftp://x"], supported_trading_symbols=["BTC-EUR"])
    with pytest.raises(Invalid) as refusal:
        rules.check_new(crooked)
    assert refusal.value.error_message == rules.NOT_CONFIGURED
    assert set(refusal.value.at) == {"supported_trading_symbols", "features", "cors_allowed_origins"}
    assert refusal.value.at["cors_allowed_origins"].count("is no origin") == 2
