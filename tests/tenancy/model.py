"""The reference model: what three organizations own, and what Ostiary must answer to whom."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY
from ostiary.access.scopes import CUSTOMER as OF_CUSTOMERS
from tests.tenancy import identity_model as identity
from tests.tenancy.flaws import CUSTOMER_TOKENS, flaw
from tests.tenancy.things import BANK, CUSTOMER, ORGANIZATION, USER, Caller, Expected, Kind, Request, Thing

GUID_LETTERS = 32
PEOPLE = "customers:pii:read"


class Door(NamedTuple):
    kind: Kind
    scope: str
    subjects: tuple[str, ...]


OPERATIONS = {
    "GET /api/organizations/{organization_guid}": Door(Kind.ORGANIZATION, "organizations:read", (ORGANIZATION,)),
    "PATCH /api/organizations/{organization_guid}": Door(Kind.ORGANIZATION, "organizations:write", (ORGANIZATION,)),
    "GET /api/banks": Door(Kind.BANK, "banks:read", (ORGANIZATION, BANK)),
    "POST /api/banks": Door(Kind.BANK, "banks:execute", (ORGANIZATION,)),
    "GET /api/banks/{bank_guid}": Door(Kind.BANK, "banks:read", (ORGANIZATION, BANK)),
    "PATCH /api/banks/{bank_guid}": Door(Kind.BANK, "banks:write", (ORGANIZATION, BANK)),
    "GET /api/customers": Door(Kind.CUSTOMER, "customers:read", (ORGANIZATION, BANK, CUSTOMER)),
    "POST /api/customers": Door(Kind.CUSTOMER, "customers:execute", (BANK,)),
    "GET /api/customers/{customer_guid}": Door(Kind.CUSTOMER, "customers:read", (ORGANIZATION, BANK, CUSTOMER)),
    "PATCH /api/customers/{customer_guid}": Door(Kind.CUSTOMER, "customers:write", (ORGANIZATION, BANK, CUSTOMER)),
    CUSTOMER_TOKENS: Door(Kind.CUSTOMER, "customers:write", (BANK,)),
    "GET /api/organization_applications": Door(Kind.ORGANIZATION_KEY, "organizations:read", (ORGANIZATION,)),
    "GET /api/organization_applications/{client_id}": Door(
        Kind.ORGANIZATION_KEY, "organization_applications:read", (ORGANIZATION,)
    ),
    "POST /api/organization_applications": Door(Kind.ORGANIZATION_KEY, "organization_applications:execute", (USER,)),
    "PATCH /api/organization_applications/{client_id}": Door(
        Kind.ORGANIZATION_KEY, "organization_applications:write", (USER,)
    ),
    "DELETE /api/organization_applications/{client_id}": Door(
        Kind.ORGANIZATION_KEY, "organization_applications:execute", (USER,)
    ),
    "GET /api/bank_applications": Door(Kind.BANK_KEY, "banks:read", (ORGANIZATION, BANK)),
    "GET /api/bank_applications/{client_id}": Door(Kind.BANK_KEY, "bank_applications:read", (ORGANIZATION, BANK)),
    "POST /api/bank_applications": Door(Kind.BANK_KEY, "bank_applications:execute", (USER,)),
    "PATCH /api/bank_applications/{client_id}": Door(Kind.BANK_KEY, "bank_applications:write", (USER,)),
    "DELETE /api/bank_applications/{client_id}": Door(Kind.BANK_KEY, "bank_applications:execute", (USER,)),
    "GET /api/users": Door(Kind.USER, "users:read", (ORGANIZATION,)),
    "POST /api/users": Door(Kind.USER, "users:execute", (USER,)),
    "GET /api/users/{user_guid}": Door(Kind.USER, "users:read", (ORGANIZATION,)),
    "PATCH /api/users/{user_guid}": Door(Kind.USER, "users:write", (USER,)),
    "DELETE /api/users/{user_guid}": Door(Kind.USER, "users:execute", (USER,)),
}
# What a token may have at most.
HOLDS = {
    subject: frozenset(map(str, scopes))
    for subject, scopes in ((ORGANIZATION, ORGANIZATION_KEY), (BANK, BANK_KEY), (CUSTOMER, OF_CUSTOMERS))
}
TYPES = {Kind.BANK: {"sandbox", "production"}, Kind.CUSTOMER: {"individual", "business"}}


class World:
    def __init__(self, things: Mapping[str, Thing] | None = None) -> None:
        # By guid, in the order in which they were made.
        self.things = dict(things or {})

    def put(self, thing: Thing) -> None:
        self.things[thing.guid] = thing

    def of(self, kind: Kind) -> list[Thing]:
        return [thing for thing in self.things.values() if thing.kind is kind]

    def seen(self, caller: Caller) -> list[Thing]:
        return [thing for thing in self.things.values() if caller.sees(thing.owner) and not thing.is_revoked]

    def stop_storing(self) -> set[str]:
        """What follows when customers were created, sooner or later; returns the guids of those it happens to."""
        storing = [thing for thing in self.of(Kind.CUSTOMER) if thing.shown["state"] == "storing"]
        for thing in storing:
            self.put(replace(thing, shown={**thing.shown, "state": "unverified"}))
        return {thing.guid for thing in storing}

    def strangers(self, caller: Caller) -> set[str]:
        """Every name that must mean nothing to the caller; it may know which bank and organization it belongs to."""
        unseen = (thing for thing in self.things.values() if thing.is_revoked or not caller.sees(thing.owner))
        return {name for thing in unseen for name in thing.names} - {*caller.owner}

    def predict(self, caller: Caller, request: Request) -> Expected:
        if caller.is_out:
            return Expected(401, "authentication_failed")
        door = OPERATIONS[request.operation]
        return _unreadable(request, door) or _refused(caller, request, door) or self._done(caller, request, door)

    def _done(self, caller: Caller, request: Request, door: Door) -> Expected:
        seen = self.seen(caller)
        if request.method == "POST":
            if request.operation == CUSTOMER_TOKENS:
                return _token(seen, request)
            if door.kind in identity.KINDS:
                return identity.made(seen, caller, request, door.kind)
            return flaw(request) or _made(caller, request, door)
        mine = [thing for thing in seen if thing.kind is door.kind]
        if "{" not in request.operation:
            return _page([thing for thing in reversed(mine) if _is_wanted(thing, caller, request)], request)
        found = next((thing for thing in mine if request.name in thing.names), None)
        return _about(found, mine, caller, request) if found else Expected(404, "not_found")


def _about(found: Thing, mine: list[Thing], caller: Caller, request: Request) -> Expected:
    if request.method == "DELETE":
        return identity.deleted(mine, caller, found)
    if request.method == "PATCH" and found.kind is Kind.USER:
        return identity.changed(mine, caller, found, request)
    if request.method == "PATCH":
        return flaw(request) or _changed(found, request)
    return Expected(200, objects=(found.as_shown(with_people=_with_people(request)),))


def _token(seen: Collection[Thing], request: Request) -> Expected:
    """For a customer whom the bank's token sees: a token, which leaves nothing behind."""
    guid = str((request.body or {})["customer_guid"])
    if len(guid) != GUID_LETTERS:
        return Expected(400, "invalid_value")
    known = {thing.guid for thing in seen if thing.kind is Kind.CUSTOMER}
    made = Expected(201, objects=({},)) if guid in known else Expected(422, "no_customer")
    return flaw(request) or made


def granted(subject: str, asked: Collection[str] | None) -> set[str] | None:
    """The scopes of a token; None is a refusal. Nothing that was sent beside them plays a part."""
    holds = set(HOLDS[subject])
    wanted = holds if asked is None else set(asked) - MANAGEMENT
    return wanted if wanted and wanted <= holds else None


def _unreadable(request: Request, door: Door) -> Expected | None:
    """A query that means nothing is refused before anything is looked at, and no path has a NUL in it."""
    if "\0" in request.name:
        return Expected(404, "not_found")
    bank_guid = request.query.get("bank_guid", "")
    if request.operation == "GET /api/bank_applications" and (len(bank_guid) > GUID_LETTERS or "\0" in bank_guid):
        return Expected(400, "invalid_value")
    if "{" not in request.operation and not TYPES.get(door.kind, set()).issuperset(_values(request, "type") or ()):
        return Expected(400, "invalid_value")
    return None


def _refused(caller: Caller, request: Request, door: Door) -> Expected | None:
    # People may do what keys may, as far as their role goes; but a token for a customer is made with a bank's.
    if caller.subject not in {*door.subjects, *([] if request.operation == CUSTOMER_TOKENS else [USER])}:
        return Expected(401, "invalid_subject")
    wanted = {door.scope, *([PEOPLE] if _with_people(request) else [])}
    if request.operation == CUSTOMER_TOKENS:
        wanted.add("customers:read")
    if not wanted <= caller.scopes:
        return Expected(403, "invalid_scopes")
    if _with_people(request) and "{" not in request.operation and not caller.sees_people_everywhere:
        return Expected(403, "invalid_scopes")
    if request.operation == "POST /api/customers" and not caller.owner.bank_guid:
        return Expected(401, "invalid_subject")
    return None


def _made(caller: Caller, request: Request, door: Door) -> Expected:
    """In the place of the token, whatever the body says."""
    sent, place = request.body or {}, caller.owner
    if door.kind is Kind.BANK:
        shown = {"organization_guid": place.organization_guid, "name": sent["name"], "type": sent["type"]}
        made = Thing(Kind.BANK, "", place.organization_guid, shown=shown)
    else:
        labels = sent.get("labels")
        shown = {"bank_guid": place.bank_guid, "type": sent["type"], "state": "storing", "labels": labels}
        known = frozenset(labels) if isinstance(labels, list) else frozenset[str]()
        made = Thing(Kind.CUSTOMER, "", *place.bank[:2], shown=shown, people={"name": sent["name"]}, labels=known)
    return Expected(201, objects=(made.as_shown(with_people=False),), leaves=made)


def _changed(thing: Thing, request: Request) -> Expected:
    # A customer that is changed has stopped `storing`, whatever was sent.
    told = {"state": "unverified"} if thing.kind is Kind.CUSTOMER else {"name": (request.body or {})["name"]}
    changed = replace(thing, shown={**thing.shown, **told})
    return Expected(200, objects=(changed.as_shown(with_people=False),), leaves=changed)


def _page(things: list[Thing], request: Request) -> Expected:
    page, per_page = int(request.query.get("page", "0")), int(request.query.get("per_page", "10"))
    shown = tuple(thing.as_shown(with_people=_with_people(request)) for thing in things)
    return Expected(200, objects=shown[page * per_page : (page + 1) * per_page], total=len(shown))


def _is_wanted(thing: Thing, caller: Caller, request: Request) -> bool:
    """The filters of its list. For a bank's token the bank is settled, whatever the request says."""
    if thing.kind is Kind.ORGANIZATION_KEY:
        return True
    if thing.kind is Kind.BANK_KEY:
        return caller.subject == BANK or request.query.get("bank_guid", thing.bank_guid) == thing.bank_guid
    if thing.kind is Kind.USER:
        wanted_guids = _values(request, "guid")
        return wanted_guids is None or thing.guid in wanted_guids
    has = {"guid": {thing.guid}, "type": {str(thing.shown["type"])}}
    if thing.kind is Kind.CUSTOMER:
        has["label"] = set(thing.labels)
        if caller.subject not in {BANK, CUSTOMER}:
            has["bank_guid"] = {thing.bank_guid}
    wanted = {parameter: _values(request, parameter) for parameter in has}
    return all(values is None or not values.isdisjoint(has[parameter]) for parameter, values in wanted.items())


def _values(request: Request, parameter: str) -> set[str] | None:
    """One or several, separated by commas; blanks around them do not count."""
    if parameter not in request.query:
        return None
    return {value for part in request.query[parameter].split(",") if (value := part.strip()) and "\0" not in value}


def _with_people(request: Request) -> bool:
    return request.query.get("include_pii") == "true"
