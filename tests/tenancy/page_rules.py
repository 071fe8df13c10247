"""What a walk can do with pages: everything of the table of rows, with names in every relation to the person."""

from collections.abc import Mapping

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from ostiary.crypto import guids
from ostiary.users.models import Role
from ostiary.web.pages import Who
from tests.pages.rows import ROWS, Row
from tests.pages.things import texts
from tests.tenancy.choices import Named, Relation
from tests.tenancy.page_cast import ORGANIZATIONS, TWIN, PageCast, Sent, canary
from tests.tenancy.page_things import Standing
from tests.tenancy.page_walk import ROUTES, PageWalk

USUAL = settings(stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
# Where a failure is wanted, it is neither made small nor kept.
FAILING = settings(USUAL, phases=[Phase.generate], database=None, report_multiple_bugs=False)

LISTS = [row for row in ROWS if row.method == "GET" and "{" not in row.path and ROUTES[row.route].who is Who.MEMBER]
LOOKS = [row for row in ROWS if row.method == "GET" and row not in LISTS]
# Of the forms at the door, those without a password cost less.
FORMS = [row for row in ROWS if row.method == "POST" and row.path not in {"/token-doctor", "/organizations/selection"}]
DOCTOR = next(row for row in ROWS if row.route == "POST /token-doctor")
SELECTION = next(row for row in ROWS if row.route == "POST /organizations/selection")

people = st.sampled_from([*(canary(role.capitalize(), each) for each in ORGANIZATIONS for role in Role), TWIN, TWIN])
relations = (*[Relation.OWN] * 5, *[Relation.FOREIGN] * 3, Relation.SIBLING)
names = st.builds(Named, st.sampled_from([*relations, Relation.NEVER_EXISTED, Relation.MALFORMED]), st.integers(0, 15))
strays = st.none() | names
# What each parameter of a list is about.
FILTERS = {"bank": "bank", "key": "key", "person": "member", "before": "key", "after": "member", "search": "customer"}
filters = st.dictionaries(st.sampled_from(sorted(FILTERS)), names, max_size=2)
numbers = st.integers(0, 99)


class PageVisitors(PageWalk):
    @rule(name=people, row=st.sampled_from(LISTS), wanted=filters)
    def look_at_list(self, name: str, row: Row, wanted: Mapping[str, Named]) -> None:
        who = self.standing(name)
        query = {each: self.thing(who, FILTERS[each], named)[0] for each, named in wanted.items()}
        self.ask(name, who, row, Sent(row.route, row.path, query, {}), None)

    @rule(name=people, row=st.sampled_from(LOOKS), named=names, bank=strays)
    def look(self, name: str, row: Row, named: Named, bank: Named | None) -> None:
        self._go(name, row, named, bank, named)

    @rule(name=people, row=st.sampled_from(FORMS), named=names, bank=strays, hidden=names)
    def send_form(self, name: str, row: Row, named: Named, bank: Named | None, hidden: Named) -> None:
        self._go(name, row, named, bank, hidden)

    @rule(name=people, named=names)
    def select_organization(self, name: str, named: Named) -> None:
        who = self.standing(name)
        guid, relation = self.thing(who, "organization", named)
        # One's other organization is nobody else's.
        relation = Relation.OWN if guid in who.places else relation
        self.ask(
            name, who, SELECTION, Sent(SELECTION.route, SELECTION.path, {}, {"organization_guid": [guid]}), relation
        )

    @rule(name=people, nth=numbers)
    def ask_doctor(self, name: str, nth: int) -> None:
        who = self.standing(name)
        _, token = self.cast.tokens[nth % len(self.cast.tokens)]
        self.ask(name, who, DOCTOR, Sent(DOCTOR.route, DOCTOR.path, {}, {"pasted": [token]}), None)

    def _go(self, name: str, row: Row, named: Named, bank: Named | None, hidden: Named) -> None:
        who = self.standing(name)
        thing, relation = self.thing(who, row.about, named) if row.about else ("", None)
        query = {"bank": self.thing(who, "bank", bank)[0]} if bank else {}
        path = row.path.format(guid=thing, word=thing)
        self.ask(name, who, row, Sent(row.route, path, query, self._form(who, row, thing, hidden)), relation)

    def _form(self, who: Standing, row: Row, thing: str, hidden: Named) -> dict[str, list[str]]:
        new = guids.new()
        form = {
            name: [each.replace("{guid}", thing).replace("{new}", new) for each in texts(typed)]
            for name, typed in row.form.items()
        }
        if "name" in form and "password" not in form:
            form["name"] = [self.word(who, "Renamed")]
        # Hidden fields that no page asks for; one that does is about the thing itself.
        strays = {"organization_guid": "organization", "bank_guid": "bank", "membership_guid": "member"}
        more = {name: [self.thing(who, about, hidden)[0]] for name, about in strays.items()}
        return {**more, **form} if row.method == "POST" and hidden.nth % 2 else form


def walk(cast: PageCast, steps: int, chosen: settings = USUAL) -> None:
    PageVisitors.cast = cast
    # Hypothesis ends a walk early now and then.
    while cast.steps < steps:
        walks = 1 + (steps - cast.steps) // chosen.stateful_step_count
        run_state_machine_as_test(PageVisitors, settings=settings(chosen, max_examples=walks))
