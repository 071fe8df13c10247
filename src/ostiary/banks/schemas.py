"""What callers send and get about banks."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from ostiary.banks.models import Bank, BankFeature, BankType
from ostiary.web.schemas import Body, GuidText, LineText, NameText, Out, WireMoment, one_line

MOST = 50

Text = Annotated[str, Field(max_length=255), AfterValidator(one_line)]
Texts = Annotated[list[Text], Field(max_length=MOST)]
OneText = Annotated[list[Text], Field(min_length=1, max_length=1)]


class PayoutSymbol(Body):
    primary_asset: LineText
    counter_asset: LineText
    country_code: Annotated[str, Field(min_length=2, max_length=2)]
    participants_type: Literal["C2C", "C2B", "B2C", "B2B"]
    route: Literal["bank_account", "mobile_wallet"]


PayoutSymbols = Annotated[list[PayoutSymbol], Field(max_length=MOST)]


class NewBank(Body):
    """Programs make sandbox banks; production is switched on by the server's operator."""

    type: BankType
    name: NameText
    supported_trading_symbols: Texts
    supported_fiat_account_assets: OneText
    supported_country_codes: OneText
    features: Annotated[list[BankFeature], Field(max_length=MOST)]
    supported_payout_symbols: PayoutSymbols | None = None
    cors_allowed_origins: Texts | None = None


class BankChanges(Body):
    name: NameText | None = None
    supported_trading_symbols: Texts | None = None
    supported_payout_symbols: PayoutSymbols | None = None
    cors_allowed_origins: Texts | None = None


class BankOut(Out):
    guid: GuidText
    organization_guid: GuidText
    name: str
    type: BankType
    features: list[str]
    supported_country_codes: list[str]
    supported_fiat_account_assets: list[str]
    supported_trading_symbols: list[str]
    supported_payout_symbols: list[dict[str, Any]]
    cors_allowed_origins: list[str]
    created_at: WireMoment
    updated_at: WireMoment

    @classmethod
    def of(cls, bank: Bank) -> Self:
        return cls(
            guid=bank.guid,
            organization_guid=bank.organization_guid,
            name=bank.name,
            type=BankType(bank.type),
            features=bank.features,
            supported_country_codes=bank.supported_country_codes,
            supported_fiat_account_assets=bank.supported_fiat_account_assets,
            supported_trading_symbols=bank.supported_trading_symbols,
            # The contract carries the member but does not support any payout yet.
            supported_payout_symbols=[],
            cors_allowed_origins=bank.cors_allowed_origins,
            created_at=bank.created_at,
            updated_at=bank.updated_at,
        )
