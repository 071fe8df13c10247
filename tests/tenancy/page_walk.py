"""A walk through the pages: what is shown, read and written stays with the organization the person looks at."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import unquote

import time_machine
from httpx2 import Response

from ostiary import clock
from ostiary.app import PAGES
from ostiary.crypto import guids
from ostiary.web.pages import Who
from tests.pages.rows import ROWS
from tests.tenancy import page_things, state
from tests.tenancy.choices import MALFORMED, Named, Relation
from tests.tenancy.page_cast import PageCast, Sent, canaries, canary
from tests.tenancy.page_closure import AT_THE_DOOR, INVITATION, Closure
from tests.tenancy.page_things import Standing
from tests.tenancy.state import Place
from tests.tenancy.things import names_in, nobody_like, with_names
from tests.tenancy.walks import Walk

ROUTES = {f"{route.method} {route.path}": route for table in PAGES for route in table.routes}
SELECTION = next(row for row in ROWS if row.route == "POST /organizations/selection")
SECRET = re.compile(r"\bost_(?:sandbox|production|org)_\w{20,}")
# Each form that counts once has a word of its own.
FORM_WORD = re.compile(r'name="word" value="[^"]+"')
SHOWS_SECRETS = {"POST /developers/keys/new", "POST /developers/keys/{guid}/replacement", "POST /start/keys"}
SUCCESS = {200, 303}
# A page says how long ago something was.
MOMENT = re.compile(r"<time [^>]*>[^<]*</time>")


class PageWalk(Walk):
    cast: ClassVar[PageCast]

    def __init__(self) -> None:
        super().__init__()
        self.owners = page_things.owners(self.state, state.places(self.state))
        self.secrets: set[str] = set()

    def look(self) -> tuple[set[Place], set[Place]]:
        read, changed = super().look()
        if changed:
            self.owners |= page_things.owners(self.state, changed)
        return read, changed

    def standing(self, name: str) -> Standing:
        """Of somebody who is signed in; whoever was signed out signs in again."""
        person = self.cast.people[name]
        found = self._standing(name)
        if found is None:
            places = page_things.belongings(self.state, person.user_guid)
            self.cast.let_in(name, next(iter(places), ""))
            self.look()
            found = self._standing(name)
        assert found is not None
        return found

    def _standing(self, name: str) -> Standing | None:
        digest = hashlib.sha256(self.cast.words[name].encode()).digest()
        return page_things.standing(self.state, self.cast.people[name], digest)

    def thing(self, who: Standing, about: str, named: Named) -> tuple[str, Relation]:
        """What the walk has chosen, or something foreign where nothing stands in that relation."""
        if about.endswith(("code", "link")):
            # Nobody owns codes, so that there are no others but wrong ones.
            known = self.cast.user_codes if about.endswith("code") else [self.cast.link] * ("invitation" in about)
            if known and named.relation is Relation.OWN:
                return known[named.nth % len(known)], named.relation
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

    def name_of(self, about: str, guid: str) -> str:
        """As a form would have shown it."""
        rows = page_things.records(self.state, page_things.TABLES_OF[about.rsplit(maxsplit=1)[-1]])
        return next((str(each["name"]) for each in rows if each["guid"] == guid), "")

    def word(self, who: Standing, name: str) -> str:
        """A name that says whose it is."""
        mine = [known for known, guid in self.cast.guids.items() if guid == who.organization_guid]
        return canary(name, mine[0]) if mine else name

    def ask(self, who: Standing, sent: Sent) -> None:
        self.cast.steps += 1
        foreign = {each for each in names_in(sent.text) if self._is_foreign(each, who)}
        if sent.row is SELECTION:
            foreign -= who.places
        with time_machine.travel(clock.now(), tick=False):
            answer = self.cast.send(who.name, sent)
            read, changed = self.look()
            is_about_themselves = _is_at_the_door(sent) or sent.row.path.startswith("/settings/account")
            closure = Closure(who, self.before, self.state, self.owners, is_about_themselves)
            # The worst comes first: a page that reads too much often breaks of it.
            self._check_rows(closure, sent, read, changed)
            self._check_text(who, sent, answer)
            self._check_status(who, sent, answer)
            changed = {each for each in changed if not closure.is_own_session(each)}
            self._count(sent, answer, changed)
            # Not where asking again would find them signed out or elsewhere.
            if foreign and not changed and self._standing(who.name) == who:
                self._ask_for_nobody(who, sent, answer, foreign)
        self.look()

    def _count(self, sent: Sent, answer: Response, changed: set[Place]) -> None:
        tally, route = self.cast.tally, sent.row.route
        if sent.relation is Relation.FOREIGN:
            if answer.status_code == sent.row.elsewhere:
                tally.denied.add(route)
        elif answer.status_code in SUCCESS:
            tally.done.add(route)
            if changed:
                tally.effective.add(route)

    def _is_foreign(self, guid: str, who: Standing) -> bool:
        found = self.owners.get(guid)
        return found is not None and who.organization_guid not in found

    def _check_status(self, who: Standing, sent: Sent, answer: Response) -> None:
        wanted = page_things.statuses(sent.row, ROUTES[sent.row.route].who, who, sent.relation, sent.query)
        said = f"{answer.status_code}, not {sorted(wanted)}, for {who} by {sent}"
        assert answer.status_code in wanted, f"the table says otherwise: {said}\n{answer.text[-600:]}"

    def _check_text(self, who: Standing, sent: Sent, answer: Response) -> None:
        text = unquote(f"{answer.text} {answer.headers.get('location', '')}")
        named = {each for each in names_in(text) - names_in(sent.text) if self._is_foreign(each, who)}
        named -= who.places | {who.user_guid}
        mine = {known for known, guid in self.cast.guids.items() if guid == who.organization_guid}
        places = {known for known, guid in self.cast.guids.items() if guid in who.places}
        # What was typed, and one's own name and address, which stay one's own after one was shut out.
        words = canaries(text) - canaries(f"{sent.text} {who.name}")
        words = {(what, whose) for what, whose in words if whose not in (places if what.startswith("org") else mine)}
        if self.cast.link in sent.path:
            words -= {("org", "acme"), ("orgrenamed", "acme")}
        assert not named, f"strangers are named: {named} by {sent}"
        assert not words, f"strangers are named: {words} by {sent}"
        shown = set(SECRET.findall(text))
        assert not shown or sent.row.route in SHOWS_SECRETS, f"a secret is shown by {sent}"
        assert not shown & self.secrets, f"a secret is shown twice by {sent}"
        self.secrets |= shown

    def _check_rows(self, closure: Closure, sent: Sent, read: set[Place], changed: set[Place]) -> None:
        door = AT_THE_DOOR if _is_at_the_door(sent) else frozenset()
        known = door | (INVITATION if self.cast.link in sent.path else frozenset())
        foreign = {each for each in read if each[0] not in known and not closure.may_be_read(each)}
        assert not foreign, f"foreign rows were read: {foreign} by {sent}"
        wrong = {each for each in changed if each[0] not in door and not closure.may_be_changed(each)}
        assert not wrong, f"rows were changed that must not be: {wrong} by {sent}"

    def _ask_for_nobody(self, who: Standing, sent: Sent, answer: Response, foreign: set[str]) -> None:
        """Whoever names a stranger hears what they would have heard about something that never existed."""
        nobody = {each: nobody_like(each) for each in foreign}
        told = heard(answer, nobody)
        instead = heard(self.cast.send(who.name, sent.with_names(nobody)), nobody)
        differ = "\n".join(difflib.unified_diff(told.splitlines(), instead.splitlines(), lineterm="", n=0))
        assert told == instead, f"a stranger is told from nobody by {sent}: {differ[:800]}"


def _is_at_the_door(sent: Sent) -> bool:
    return ROUTES[sent.row.route].who is Who.ANYBODY


def heard(answer: Response, others: Mapping[str, str]) -> str:
    """Without what differs each time a page is shown."""
    text = MOMENT.sub("", FORM_WORD.sub("", answer.text))
    return with_names(f"{answer.status_code} {answer.headers.get('location', '')}\n{text}", others)
