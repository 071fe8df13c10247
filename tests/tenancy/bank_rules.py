"""What a walk can ask about banks."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.tenancy.choices import Named, Who, callers, filters, flaws, names, organizations_mostly, pages, strays, words
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

MANY = "/api/banks"
ONE = "/api/banks/{bank_guid}"
NEW = {
    "type": "sandbox",
    "features": ["kyc_identity_verifications", "individual_customers"],
    "supported_country_codes": ["US"],
    "supported_fiat_account_assets": ["USD"],
    "supported_trading_symbols": ["BTC-USD"],
}
types = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["sandbox", "production", "production,sandbox", "", "river"])}
)


class BankRules(ApiWalk):
    @rule(who=callers, page=pages, kinds=types, wanted=filters, stray=strays)
    def list_banks(
        self,
        who: Who,
        page: Mapping[str, str],
        kinds: Mapping[str, str],
        wanted: list[Named] | None,
        stray: Named | None,
    ) -> None:
        query = {**page, **kinds, **self.listed(who, Kind.BANK, "guid", wanted), **self.bank_guid(who, stray)}
        self.ask(who, Request(f"GET {MANY}", query=query))

    @rule(who=organizations_mostly, name=words, stray=strays, flaw=flaws)
    def create_bank(self, who: Who, name: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, name=name, **NEW)
        self.ask(who, Request(f"POST {MANY}", query=self.bank_guid(who, stray), body=body))

    @rule(who=callers, named=names, stray=strays)
    def get_bank(self, who: Who, named: Named, stray: Named | None) -> None:
        self.ask(who, Request(f"GET {ONE}", self.name(who, Kind.BANK, named), self.bank_guid(who, stray)))

    @rule(who=callers, named=names, name=words, stray=strays, flaw=flaws)
    def update_bank(self, who: Who, named: Named, name: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, name=name)
        guid = self.name(who, Kind.BANK, named)
        self.ask(who, Request(f"PATCH {ONE}", guid, self.bank_guid(who, stray), body))
