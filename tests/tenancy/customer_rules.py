"""What a walk can ask about customers, and the worker that lets them stop `storing`."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ostiary.access.scopes import CUSTOMER
from tests.oauth.desk import claims_of
from tests.tenancy.choices import Named, Who, banks_mostly, callers, filters, flaws, names, pages, strays, words
from tests.tenancy.flaws import CUSTOMER_TOKENS
from tests.tenancy.machine import ApiWalk
from tests.tenancy.things import Kind, Request

MANY = "/api/customers"
ONE = "/api/customers/{customer_guid}"
people = st.sampled_from([{}, {"include_pii": "true"}, {"include_pii": "false"}])
choices = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["individual", "business", "business, individual", "", "robot"]),
        "label": st.sampled_from(["early", "late", "late,early", "never", ","]),
    },
)
labels = st.none() | st.lists(st.sampled_from(["early", "late"]), max_size=2, unique=True)
scopes = st.lists(st.sampled_from(sorted(CUSTOMER)), min_size=1, max_size=4, unique=True)
MADE = 201
# A customer is settled, the work is done, and whoever used a key was counted.
WORKED_ON = {"customers", "event_deliveries", "applications", "application_usage", "organization_usage"}


class CustomerRules(ApiWalk):
    @rule(who=callers, page=pages, choice=choices, banks=filters, wanted=filters, shows=people)
    def list_customers(
        self,
        who: Who,
        page: Mapping[str, str],
        choice: Mapping[str, str],
        banks: list[Named] | None,
        wanted: list[Named] | None,
        shows: Mapping[str, str],
    ) -> None:
        in_banks = self.listed(who, Kind.BANK, "bank_guid", banks)
        query = {**page, **choice, **shows, **in_banks, **self.listed(who, Kind.CUSTOMER, "guid", wanted)}
        self.ask(who, Request(f"GET {MANY}", query=query))

    @rule(who=banks_mostly, last=words, tags=labels, stray=strays, flaw=flaws)
    def create_customer(
        self, who: Who, last: str, tags: list[str] | None, stray: Named | None, flaw: Named | None
    ) -> None:
        told = {"labels": tags} if tags else {}
        name = {"first": "Ann", "last": last}
        body = self.body(who, stray, flaw, type="individual", name=name, **told)
        self.ask(who, Request(f"POST {MANY}", query=self.bank_guid(who, stray), body=body))

    @rule(who=callers, named=names, shows=people, stray=strays)
    def get_customer(self, who: Who, named: Named, shows: Mapping[str, str], stray: Named | None) -> None:
        query = {**shows, **self.bank_guid(who, stray)}
        self.ask(who, Request(f"GET {ONE}", self.name(who, Kind.CUSTOMER, named), query))

    @rule(
        who=banks_mostly,
        named=names,
        state=st.sampled_from(["unverified", "unverified", "verified"]),
        stray=strays,
        flaw=flaws,
    )
    def update_customer(self, who: Who, named: Named, state: str, stray: Named | None, flaw: Named | None) -> None:
        body = self.body(who, stray, flaw, state=state)
        guid = self.name(who, Kind.CUSTOMER, named)
        self.ask(who, Request(f"PATCH {ONE}", guid, self.bank_guid(who, stray), body))

    @rule(who=banks_mostly, named=names, asked=scopes, stray=strays, flaw=flaws)
    def create_customer_token(
        self, who: Who, named: Named, asked: list[str], stray: Named | None, flaw: Named | None
    ) -> None:
        guid = self.name(who, Kind.CUSTOMER, named)
        body = self.body(who, stray, flaw, customer_guid=guid, scopes=asked)
        answer = self.ask(who, Request(CUSTOMER_TOKENS, query=self.bank_guid(who, stray), body=body))
        if answer.status == MADE:
            claims, owner = claims_of(answer.json["access_token"]), self.cast.caller(who).owner
            assert (claims["sub_type"], claims["sub"]) == ("customer", guid)
            assert (claims["organization_guid"], claims["bank_guid"], "") == owner
            assert claims["scope"].split() == asked

    @rule()
    def work_is_done(self) -> None:
        """What runs beside the requests: it changes the customers it is for, and counts."""
        self.cast.steps += 1
        self.cast.let_work_be_done()
        _, changed = self.look()
        assert {key[0] for table, key in changed if table == "customers"} == self.world.stop_storing()
        assert {table for table, _ in changed} <= WORKED_ON
