"""What a walk can do with pages: everything of the table of rows, with names in every relation to the person."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ostiary.crypto import guids
from ostiary.users.models import Role
from ostiary.web.pages import Who
from tests.pages.rows import ROWS, Row
from tests.pages.things import filled_in, texts
from tests.tenancy.choices import Named, Relation
from tests.tenancy.page_cast import GUEST, ORGANIZATIONS, TWIN, Sent, canary
from tests.tenancy.page_things import Standing
from tests.tenancy.page_walk import ROUTES, SELECTION, PageWalk

LISTS = [row for row in ROWS if row.method == "GET" and "{" not in row.path and ROUTES[row.route].who is Who.MEMBER]
LOOKS = [row for row in ROWS if row.method == "GET" and row not in LISTS]
DOCTOR = next(row for row in ROWS if row.route == "POST /token-doctor")
FORMS = [row for row in ROWS if row.method == "POST" and row not in (DOCTOR, SELECTION)]

# Whoever may more comes more often; the others were shut out and still have a cookie.
MEMBERS = [canary(role.capitalize(), each) for each in ORGANIZATIONS for role in (*Role, Role.OWNER)]
SHUT_OUT = [canary(each, ORGANIZATIONS[0]) for each in ("DisabledViewer", "DisabledOwner", "Barred")]
people = st.sampled_from([*MEMBERS, TWIN, TWIN, GUEST, *SHUT_OUT])
relations = (*[Relation.OWN] * 5, *[Relation.FOREIGN] * 3, Relation.SIBLING)
names = st.builds(Named, st.sampled_from([*relations, Relation.NEVER_EXISTED, Relation.MALFORMED]), st.integers(0, 15))
strays = st.none() | names
# What each parameter of a list is about.
FILTERS = {"bank": "bank", "key": "key", "person": "member", "search": "bank", "guid": "customer"}
CURSORS = {
    "/activity": "event",
    "/banks": "bank",
    "/customers": "customer",
    "/developers": "key",
    "/team": "member",
}
filters = st.dictionaries(st.sampled_from([*FILTERS, "before", "after"]), names, max_size=2)
numbers = st.integers(0, 99)


class PageVisitors(PageWalk):
    @rule(name=people, row=st.sampled_from(LISTS), wanted=filters)
    def look_at_list(self, name: str, row: Row, wanted: Mapping[str, Named]) -> None:
        who = self.standing(name)
        about = {**FILTERS, **dict.fromkeys(("before", "after"), CURSORS.get(row.path, "event"))}
        query = {each: self.thing(who, about[each], named)[0] for each, named in wanted.items()}
        self.ask(who, Sent(row, row.path, query, {}))

    @rule(name=people, row=st.sampled_from(LOOKS), named=names, bank=strays)
    def look_at_page(self, name: str, row: Row, named: Named, bank: Named | None) -> None:
        self.visit(name, row, named, bank, named)

    @rule(name=people, row=st.sampled_from(FORMS), named=names, bank=strays, hidden=names)
    def send_form(self, name: str, row: Row, named: Named, bank: Named | None, hidden: Named) -> None:
        self.visit(name, row, named, bank, hidden)

    @rule(name=people, named=names)
    def select_organization(self, name: str, named: Named) -> None:
        who = self.standing(name)
        guid, relation = self.thing(who, "organization", named)
        # One's other organization is nobody else's.
        relation = Relation.OWN if guid in who.places else relation
        self.ask(who, Sent(SELECTION, SELECTION.path, {}, {"organization_guid": [guid]}, relation))

    @rule(name=people, nth=numbers)
    def ask_doctor(self, name: str, nth: int) -> None:
        token = self.cast.tokens[nth % len(self.cast.tokens)]
        self.ask(self.standing(name), Sent(DOCTOR, DOCTOR.path, {}, {"pasted": [token]}))

    def visit(self, name: str, row: Row, named: Named, bank: Named | None, hidden: Named) -> None:
        who = self.standing(name)
        thing, relation = self.thing(who, row.about, named) if row.about else ("", None)
        query = {"bank": self.thing(who, "bank", bank)[0]} if bank else {}
        path = row.path.format(guid=thing, word=thing)
        self.ask(who, Sent(row, path, query, self._form(who, row, thing, hidden), relation))

    def _form(self, who: Standing, row: Row, thing: str, hidden: Named) -> dict[str, list[str]]:
        # As long as the word of a form.
        new = f"{guids.new():0>43}"
        form = {
            name: [filled_in(each, thing, new, who.organization_guid) for each in texts(typed)]
            for name, typed in row.form.items()
        }
        if "name" in form and "password" not in form:
            # Whoever belongs to several organizations reads the names of all.
            form["name"] = [self.word(who, "OrgRenamed" if row.route == "POST /settings" else "Renamed")]
        if row.path == "/sign-in":
            form["email"] = [self.cast.people[who.name].email]
        if "name_seen" in form:
            form["name_seen"] = [self.name_of(row.about, thing)]
        # Hidden fields that no page asks for; one that does is about the thing itself.
        strays = {"organization_guid": "organization", "bank_guid": "bank", "membership_guid": "member"}
        more = {name: [self.thing(who, about, hidden)[0]] for name, about in strays.items()}
        return {**more, **form} if row.method == "POST" and hidden.nth % 2 else form
