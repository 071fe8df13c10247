"""What a walk can ask about organizations."""

from hypothesis.stateful import rule

from tests.tenancy.choices import Named, Who, flaws, names, organizations_mostly, strays, words
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

ONE = "/api/organizations/{organization_guid}"


class OrganizationRules(ApiWalk):
    @rule(who=organizations_mostly, named=names, stray=strays)
    def get_organization(self, who: Who, named: Named, stray: Named | None) -> None:
        self.ask(who, Request(f"GET {ONE}", self.name(who, Kind.ORGANIZATION, named), self.bank_guid(who, stray)))

    @rule(who=organizations_mostly, named=names, name=words, stray=strays, flaw=flaws)
    def update_organization(self, who: Who, named: Named, name: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, name=name)
        guid = self.name(who, Kind.ORGANIZATION, named)
        self.ask(who, Request(f"PATCH {ONE}", guid, self.bank_guid(who, stray), body))
