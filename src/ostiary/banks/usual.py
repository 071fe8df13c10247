"""The settings most people begin a bank with."""

from ostiary.banks.models import BankFeature, BankType
from ostiary.banks.schemas import NewBank
from ostiary.web.schemas import Sent, read_as

COUNTRY = "US"
FIAT = "USD"
ASSETS = ("BTC", "USDC")
FEATURES = (
    BankFeature.KYC_IDENTITY_VERIFICATIONS,
    BankFeature.INDIVIDUAL_CUSTOMERS,
    BankFeature.BUSINESS_CUSTOMERS,
)


def usual_bank(name: str, type_: BankType, country: str = COUNTRY, fiat: str = FIAT) -> Sent[NewBank]:
    return read_as(
        NewBank,
        name=name,
        type=type_,
        supported_country_codes=[country],
        supported_fiat_account_assets=[fiat],
        supported_trading_symbols=[f"{asset}-{fiat}" for asset in ASSETS],
        features=list(FEATURES),
    )
