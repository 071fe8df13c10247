"""A walk through the API: every answer, every row read and every row written is compared with what the model says.

Rules stand in files by topic, each a class on top of `ApiWalk`; visitors.py gathers them.
"""

import json
from dataclasses import replace
from typing import ClassVar

from tests.oauth.desk import Answer, claims_of
from tests.tenancy import choices
from tests.tenancy.cast import Cast
from tests.tenancy.choices import Named, Who
from tests.tenancy.state import Place
from tests.tenancy.things import Caller, Expected, Kind, Owner, Request, names_in, nobody_like
from tests.tenancy.walks import Walk

REFUSED = 400
NOTHING_TO_SAY = 204


class ApiWalk(Walk):
    cast: ClassVar[Cast]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.cast.world()

    def name(self, who: Who, kind: Kind, named: Named) -> str:
        return choices.name(self.world, self.cast.caller(who), kind, named)

    def bank_guid(self, who: Who, stray: Named | None) -> dict[str, str]:
        """As a parameter of a query or a member of a body."""
        return {} if stray is None else {"bank_guid": self.name(who, Kind.BANK, stray)}

    def body(self, who: Who, stray: Named | None, flaw: Named | None, **members: object) -> dict[str, object]:
        """With a `bank_guid`, which is ignored, and with the guid of an organization, which no body may have."""
        flawed = {} if flaw is None else {"organization_guid": self.name(who, Kind.ORGANIZATION, flaw)}
        return {**members, **self.bank_guid(who, stray), **flawed}

    def listed(self, who: Who, kind: Kind, parameter: str, wanted: list[Named] | None) -> dict[str, str]:
        """As a filter with several values; an empty one wants nothing."""
        return {} if wanted is None else {parameter: ",".join(self.name(who, kind, each) for each in wanted)}

    def ask(self, who: Who, request: Request) -> Answer:
        self.cast.asked.add(request.operation)
        caller = self.cast.caller(who)
        expected = self.world.predict(caller, request)
        answer = self.cast.send(who, request)
        compare(answer, expected)
        strangers = self.world.strangers(caller)
        named = strangers & names_in(answer.body.decode())
        assert not named, f"strangers are named: {named}"
        left = expected.leaves
        if left is None:
            self._ask_for_nobody(who, request, strangers, answer)
            self.check_rows(caller)
        else:
            if not left.guid:
                left = replace(left, guid=answer.json["guid"], client_id=answer.json.get("client_id", ""))
            self.world.put(left)
            self.check_rows(caller, left.owner)
        return answer

    def check_rows(self, caller: Caller, written: Owner | None = None) -> None:
        """Nothing outside the closure was read, and nothing changed but what the request was about."""
        self.cast.steps += 1
        read, changed = self.look()
        foreign = {place for place in read if not self._may_read(caller, place)}
        assert not foreign, f"foreign rows were read: {foreign}"
        wrong = {
            place
            for place in changed
            for each in (self.before, self.state)
            if each.row(place) is not None and not _is_of(each.owner(place), written)
        }
        assert not wrong, f"rows were changed that must not be: {wrong}"

    def _may_read(self, caller: Caller, place: Place) -> bool:
        table, key = place
        if table == "users":
            # A person is seen where they are a member.
            return any(each.belongs(key[0], caller.owner.organization_guid) for each in (self.before, self.state))
        return caller.sees(self.before.owner(place) or self.state.owner(place))

    def _ask_for_nobody(self, who: Who, request: Request, strangers: set[str], answer: Answer) -> None:
        """Whoever names a stranger hears what they would have heard about something that never existed."""
        nobody = {name: nobody_like(name) for name in strangers & names_in(request.text)}
        if nobody:
            same = self.cast.send(who, request.with_names(nobody))
            assert _told(answer) == _told(same), f"a stranger is told from nobody: {answer} and {same}"


def _told(answer: Answer) -> Answer:
    """A token is another one each time, but what it says is the same."""
    token = answer.json.get("access_token")
    if token is None:
        return answer
    said = {name: value for name, value in claims_of(token).items() if name not in {"jti", "iat", "exp"}}
    return replace(answer, body=json.dumps(said).encode())


def _is_of(owner: Owner | None, written: Owner | None) -> bool:
    """What is written about a customer is its bank's: the event that tells of it, for one."""
    return owner is not None and written is not None and owner.bank == written.bank


def compare(answer: Answer, expected: Expected) -> None:
    said = f"answered {answer.status} {answer.body!r}, the model says {expected}"
    code = answer.json["message_code"] if answer.status >= REFUSED else ""
    assert (answer.status, code) == (expected.status, expected.code), said
    if answer.status >= REFUSED:
        return
    if answer.status == NOTHING_TO_SAY:
        assert answer.body == b""
        return
    found = [answer.json] if expected.total is None else answer.json["objects"]
    # One too many or too few is caught by the counts.
    pairs = zip(found, expected.objects, strict=False)
    shown = tuple({member: one.get(member) for member in wanted} for one, wanted in pairs)
    assert (answer.json.get("total"), len(found)) == (expected.total, len(expected.objects)), said
    assert shown == expected.objects, said
