"""What a walk can ask about the people of an organization."""

from collections.abc import Mapping

from hypothesis.stateful import rule

from tests.tenancy.choices import (
    Named,
    Who,
    filters,
    flaws,
    names,
    organizations_mostly,
    pages,
    people_mostly,
    roles,
    strays,
    words,
)
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

MANY = "/api/users"
ONE = "/api/users/{user_guid}"


class UserRules(ApiWalk):
    @rule(who=organizations_mostly, page=pages, wanted=filters, stray=strays)
    def list_users(self, who: Who, page: Mapping[str, str], wanted: list[Named] | None, stray: Named | None) -> None:
        query = {**page, **self.listed(who, Kind.USER, "guid", wanted), **self.bank_guid(who, stray)}
        self.ask(who, Request(f"GET {MANY}", query=query))

    @rule(who=people_mostly, name=words, role=roles, stray=strays, flaw=flaws)
    def create_user(self, who: Who, name: str, role: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, email=f"{name.lower()}@example.com", role=role)
        self.ask(who, Request(f"POST {MANY}", query=self.bank_guid(who, stray), body=body))

    @rule(who=organizations_mostly, named=names, stray=strays)
    def get_user(self, who: Who, named: Named, stray: Named | None) -> None:
        self.ask(who, Request(f"GET {ONE}", self.name(who, Kind.USER, named), self.bank_guid(who, stray)))

    @rule(who=people_mostly, named=names, role=roles, stray=strays, flaw=flaws)
    def update_user(self, who: Who, named: Named, role: str, stray: Named | None, flaw: Named | None) -> None:
        guid, body = self.name(who, Kind.USER, named), self.body(who, stray, flaw, role=role)
        self.ask(who, Request(f"PATCH {ONE}", guid, self.bank_guid(who, stray), body))

    @rule(who=people_mostly, named=names, stray=strays)
    def disable_user(self, who: Who, named: Named, stray: Named | None) -> None:
        self.ask(who, Request(f"DELETE {ONE}", self.name(who, Kind.USER, named), self.bank_guid(who, stray)))
