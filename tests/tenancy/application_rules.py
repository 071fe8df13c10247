"""What a walk can ask about keys: those of organizations and those of banks."""

from collections.abc import Mapping

from hypothesis.stateful import rule

from tests.tenancy.choices import Named, Who, callers, names, organizations_mostly, pages, strays
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

OF_ORGANIZATIONS = "/api/organization_applications"
OF_BANKS = "/api/bank_applications"


class ApplicationRules(ApiWalk):
    @rule(who=organizations_mostly, page=pages, stray=strays)
    def list_organization_applications(self, who: Who, page: Mapping[str, str], stray: Named | None) -> None:
        self.ask(who, Request(f"GET {OF_ORGANIZATIONS}", query={**page, **self.bank_guid(who, stray)}))

    @rule(who=organizations_mostly, named=names, stray=strays)
    def get_organization_application(self, who: Who, named: Named, stray: Named | None) -> None:
        name = self.name(who, Kind.ORGANIZATION_KEY, named)
        self.ask(who, Request(f"GET {OF_ORGANIZATIONS}/{{client_id}}", name, self.bank_guid(who, stray)))

    @rule(who=callers, page=pages, bank=strays)
    def list_bank_applications(self, who: Who, page: Mapping[str, str], bank: Named | None) -> None:
        self.ask(who, Request(f"GET {OF_BANKS}", query={**page, **self.bank_guid(who, bank)}))

    @rule(who=callers, named=names, stray=strays)
    def get_bank_application(self, who: Who, named: Named, stray: Named | None) -> None:
        name = self.name(who, Kind.BANK_KEY, named)
        self.ask(who, Request(f"GET {OF_BANKS}/{{client_id}}", name, self.bank_guid(who, stray)))
