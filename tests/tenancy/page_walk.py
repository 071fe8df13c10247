"""A walk through the pages: what is shown, read and written stays with the organization the person looks at."""

import hashlib
import re
from typing import ClassVar

import time_machine
from httpx2 import Response
from hypothesis.stateful import RuleBasedStateMachine

from ostiary import clock
from ostiary.app import PAGES
from ostiary.crypto import guids
from ostiary.web.pages import Who
from tests.pages.rows import Row
from tests.tenancy import page_things, state
from tests.tenancy.choices import MALFORMED, Named, Relation
from tests.tenancy.page_cast import CANARY, PageCast, Sent, canary
from tests.tenancy.page_things import Standing
from tests.tenancy.state import Place
from tests.tenancy.things import names_in

ROUTES = {f"{route.method} {route.path}": route for table in PAGES for route in table.routes}
SECRET = re.compile(r"\bost_(?:sandbox|production|org)_\w{20,}")
# Each form that counts once has a word of its own.
FORM_WORD = re.compile(r'name="word" value="[^"]+"')
SHOWS_SECRETS = {"POST /developers/keys/new", "POST /developers/keys/{guid}/replacement", "POST /start/keys"}
# What of other organizations somebody sees who belongs to them: the place itself.
PLACES = {"organizations", "memberships"}


class PageWalk(RuleBasedStateMachine):
    cast: ClassVar[PageCast]

    def __init__(self) -> None:
        super().__init__()
        self.cast.begin()
        self.state = state.read(self.cast.store)
        self.owners = page_things.owners(self.state)
        self.secrets: set[str] = set()
        self.cast.readings.taken()

    def standing(self, name: str) -> Standing:
        """Of somebody who is signed in; whoever was signed out signs in again."""
        person = self.cast.people[name]
        found = self._standing(name)
        if found is None or (found.organization_guid and not found.role):
            places = page_things.belongings(self.state, person.user_guid)
            self.cast.let_in(name, next(iter(places), ""))
            self._look()
            found = self._standing(name)
        assert found is not None
        return found

    def _standing(self, name: str) -> Standing | None:
        digest = hashlib.sha256(self.cast.words[name].encode()).digest()
        return page_things.standing(self.state, self.cast.people[name].user_guid, digest)

    def thing(self, who: Standing, about: str, named: Named) -> tuple[str, Relation]:
        """What the walk has chosen, or something foreign where nothing stands in that relation."""
        if about.endswith("link"):
            return guids.new() + guids.new()[:11], Relation.NEVER_EXISTED
        match named.relation:
            case Relation.NEVER_EXISTED:
                return guids.new(), named.relation
            case Relation.MALFORMED:
                own = page_things.choose(self.state, about, who, Relation.OWN) or [guids.new()]
                return MALFORMED[named.nth % len(MALFORMED)](own[0]), named.relation
            case Relation.OWN | Relation.SIBLING:
                found = page_things.choose(self.state, about, who, named.relation)
                if found:
                    return found[named.nth % len(found)], named.relation
        found = page_things.choose(self.state, about, who, Relation.FOREIGN)
        return (found[named.nth % len(found)], Relation.FOREIGN) if found else (guids.new(), Relation.NEVER_EXISTED)

    def word(self, who: Standing, name: str) -> str:
        """A name that says whose it is."""
        mine = [known for known, guid in self.cast.guids.items() if guid == who.organization_guid]
        return canary(name, mine[0]) if mine else name

    def ask(self, name: str, who: Standing, row: Row, sent: Sent, relation: Relation | None) -> None:
        self.cast.asked.add(row.route)
        self.cast.steps += 1
        foreign = {each for each in names_in(sent.text) if self._is_foreign(each, who)}
        if row.path == "/organizations/selection":
            foreign -= who.places
        with time_machine.travel(clock.now(), tick=False):
            answer = self.cast.send(name, sent)
            self._check_status(row, who, sent, relation, answer)
            self._check_text(who, row, sent, answer)
            read = self.cast.readings.taken()
            changed = self._look()
            self._check_rows(who, row, read, changed)
            if foreign and not changed - self._own_session(who, changed):
                self._ask_for_nobody(name, sent, foreign, answer)
        self.cast.readings.taken()
        self._look()

    def _is_foreign(self, guid: str, who: Standing) -> bool:
        found = self.owners.get(guid)
        return found is not None and who.organization_guid not in found

    def _look(self) -> set[Place]:
        before, self.state = self.state, state.read(self.cast.store, self.state)
        self._before = before
        changed = state.changed(before, self.state)
        if changed:
            self.owners |= page_things.owners(self.state)
        return changed

    def _check_status(self, row: Row, who: Standing, sent: Sent, relation: Relation | None, answer: Response) -> None:
        wanted = page_things.statuses(row, ROUTES[row.route].who, who, relation, is_filtered=bool(sent.query))
        said = f"{row} by {who.role} naming something {relation}: {answer.status_code}, not {sorted(wanted)}"
        assert answer.status_code in wanted, f"the table says otherwise: {said}\n{sent}\n{answer.text[-600:]}"

    def _check_text(self, who: Standing, row: Row, sent: Sent, answer: Response) -> None:
        text = f"{answer.text} {answer.headers.get('location', '')}"
        echoed = names_in(sent.text)
        named = {each for each in names_in(text) - echoed if self._is_foreign(each, who)}
        named -= who.places | {who.user_guid}
        mine = {known for known, guid in self.cast.guids.items() if guid == who.organization_guid}
        places = {known for known, guid in self.cast.guids.items() if guid in who.places}
        words = {(found[1].lower(), found[2].lower()) for found in CANARY.finditer(text)}
        words -= {(found[1].lower(), found[2].lower()) for found in CANARY.finditer(sent.text)}
        words = {(what, whose) for what, whose in words if whose not in (places if what == "org" else mine)}
        if ROUTES[row.route].who is not Who.ANYBODY:
            assert not named, f"strangers are named: {named} by {sent}"
            assert not words, f"strangers are named: {words} by {sent}"
        shown = set(SECRET.findall(text))
        assert not shown or row.route in SHOWS_SECRETS, f"{row} shows a secret"
        assert not shown & self.secrets, "a secret is shown twice"
        self.secrets |= shown

    def _check_rows(self, who: Standing, row: Row, read: set[Place], changed: set[Place]) -> None:
        if ROUTES[row.route].who is Who.ANYBODY:
            return
        foreign = {place for place in read if not self._may_be_read(place, who)}
        assert not foreign, f"foreign rows were read: {foreign} by {row}"
        wrong = {place for place in changed if not self._may_be_changed(place, who)}
        assert not wrong, f"rows were changed that must not be: {wrong} by {row}"

    def _organizations(self, place: Place) -> frozenset[str]:
        found = self._before.owner(place) or self.state.owner(place)
        return frozenset({found.organization_guid}) if found else self.owners.get(str(place[1][0]), frozenset())

    def _may_be_read(self, place: Place, who: Standing) -> bool:
        table, key = place
        theirs = self._organizations(place)
        is_place = table in PLACES and bool(theirs & self._now(who))
        is_shared = table == "signing_keys" or key == (who.user_guid,)
        return who.organization_guid in theirs or is_place or is_shared or self._is_own_session(place, who)

    def _may_be_changed(self, place: Place, who: Standing) -> bool:
        table, key = place
        if table == "organizations" and place not in self._before.rows:
            # Whoever belongs nowhere may found one.
            return not who.organization_guid
        here = self._now(who) if not who.organization_guid else {who.organization_guid}
        if table == "users":
            return key == (who.user_guid,)
        if table == "user_sessions":
            row = self._before.rows.get(place)
            is_here = row is not None and who.organization_guid in row
            return is_here or self._is_own_session(place, who)
        return bool(self._organizations(place) & here)

    def _now(self, who: Standing) -> frozenset[str]:
        return who.places | page_things.belongings(self.state, who.user_guid).keys()

    def _is_own_session(self, place: Place, who: Standing) -> bool:
        row = self._before.rows.get(place) or self.state.rows.get(place)
        return place[0] == "user_sessions" and row is not None and who.user_guid in row

    def _own_session(self, who: Standing, changed: set[Place]) -> set[Place]:
        return {place for place in changed if self._is_own_session(place, who)}

    def _ask_for_nobody(self, name: str, sent: Sent, foreign: set[str], answer: Response) -> None:
        """Whoever names a stranger hears what they would have heard about something that never existed."""
        nobody = {each: guids.new() if len(each) == len(guids.new()) else f"ostid_{'0' * 38}" for each in foreign}

        def renamed(text: str) -> str:
            for each, instead in nobody.items():
                text = text.replace(each, instead)
            return text

        query = {key: renamed(value) for key, value in sent.query.items()}
        form = {key: [renamed(each) for each in values] for key, values in sent.form.items()}
        same = self.cast.send(name, Sent(sent.route, renamed(sent.path), query, form))
        told = [(one.status_code, FORM_WORD.sub("", renamed(one.text))) for one in (answer, same)]
        places = [renamed(one.headers.get("location", "")) for one in (answer, same)]
        assert (told[0], places[0]) == (told[1], places[1]), f"a stranger is told from nobody by {sent}"
