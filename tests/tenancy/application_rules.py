"""What a walk can ask about keys: those of organizations and those of banks."""

import datetime as dt
from collections.abc import Mapping

from hypothesis.stateful import rule

from ostiary import clock
from tests.tenancy.choices import (
    Named,
    Who,
    callers,
    flaws,
    names,
    organizations_mostly,
    pages,
    people_mostly,
    strays,
    words,
)
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

OF_ORGANIZATIONS = "/api/organization_applications"
OF_BANKS = "/api/bank_applications"
EXPIRES_AT = clock.on_the_wire(clock.now() + dt.timedelta(days=30))


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

    @rule(who=people_mostly, name=words, stray=strays, flaw=flaws)
    def create_organization_application(self, who: Who, name: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, name=name, expires_at=EXPIRES_AT)
        self.ask(who, Request(f"POST {OF_ORGANIZATIONS}", query=self.bank_guid(who, stray), body=body))

    @rule(who=people_mostly, named=names, name=words, stray=strays, flaw=flaws)
    def update_organization_application(
        self, who: Who, named: Named, name: str, stray: Named | None, flaw: Named | None
    ) -> None:
        body = self.body(who, stray, flaw, name=name)
        client_id = self.name(who, Kind.ORGANIZATION_KEY, named)
        self.ask(who, Request(f"PATCH {OF_ORGANIZATIONS}/{{client_id}}", client_id, self.bank_guid(who, stray), body))

    @rule(who=people_mostly, named=names, stray=strays)
    def delete_organization_application(self, who: Who, named: Named, stray: Named | None) -> None:
        name = self.name(who, Kind.ORGANIZATION_KEY, named)
        self.ask(who, Request(f"DELETE {OF_ORGANIZATIONS}/{{client_id}}", name, self.bank_guid(who, stray)))

    @rule(who=people_mostly, name=words, stray=strays, flaw=flaws)
    def create_bank_application(self, who: Who, name: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, name=name, expires_at=EXPIRES_AT)
        self.ask(who, Request(f"POST {OF_BANKS}", query=self.bank_guid(who, stray), body=body))

    @rule(who=people_mostly, named=names, name=words, stray=strays, flaw=flaws)
    def update_bank_application(
        self, who: Who, named: Named, name: str, stray: Named | None, flaw: Named | None
    ) -> None:
        body = self.body(who, stray, flaw, name=name)
        client_id = self.name(who, Kind.BANK_KEY, named)
        self.ask(who, Request(f"PATCH {OF_BANKS}/{{client_id}}", client_id, self.bank_guid(who, stray), body))

    @rule(who=people_mostly, named=names, stray=strays)
    def delete_bank_application(self, who: Who, named: Named, stray: Named | None) -> None:
        name = self.name(who, Kind.BANK_KEY, named)
        self.ask(who, Request(f"DELETE {OF_BANKS}/{{client_id}}", name, self.bank_guid(who, stray)))
