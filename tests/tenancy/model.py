"""The reference model: what three organizations own, and what Ostiary must answer to whom."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY
from ostiary.access.scopes import CUSTOMER as OF_CUSTOMERS
from tests.tenancy.things import BANK, CUSTOMER, ORGANIZATION, Caller, Expected, Kind, Request, Thing

GUID_LETTERS = 32
PEOPLE = "customers:pii:read"


class Door(NamedTuple):
    kind: Kind
    scope: str
    subjects: tuple[str, ...]


CUSTOMER_TOKENS = "POST /api/customer_tokens"
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
    "GET /api/bank_applications": Door(Kind.BANK_KEY, "banks:read", (ORGANIZATION, BANK)),
    "GET /api/bank_applications/{client_id}": Door(Kind.BANK_KEY, "bank_applications:read", (ORGANIZATION, BANK)),
}
# What a token may have at most.
HOLDS = {
    subject: frozenset(map(str, scopes))
    for subject, scopes in ((ORGANIZATION, ORGANIZATION_KEY), (BANK, BANK_KEY), (CUSTOMER, OF_CUSTOMERS))
}
TYPES = {Kind.BANK: {"sandbox", "production"}, Kind.CUSTOMER: {"individual", "business"}}
# What a body may say. `bank_guid` may stand in each of them and decides in none.
MEMBERS = {
    "PATCH /api/organizations/{organization_guid}": {"name"},
    "POST /api/banks": {
        *("type", "name", "features", "supported_country_codes"),
        *("supported_fiat_account_assets", "supported_trading_symbols"),
    },
    "PATCH /api/banks/{bank_guid}": {"name"},
    "POST /api/customers": {"type", "name", "labels"},
    "PATCH /api/customers/{customer_guid}": {"state"},
    CUSTOMER_TOKENS: {"customer_guid", "scopes"},
}


class World:
    def __init__(self, things: Mapping[str, Thing] | None = None) -> None:
        # By guid, in the order in which they were made.
        self.things = dict(things or {})

    def put(self, thing: Thing) -> None:
        self.things[thing.guid] = thing

    def of(self, kind: Kind) -> list[Thing]:
        return [thing for thing in self.things.values() if thing.kind is kind]

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
        door = OPERATIONS[request.operation]
        refusal = _unreadable(request, door) or _refused(caller, request, door)
        if refusal is not None:
            return refusal
        if request.method == "POST":
            is_token = request.operation == CUSTOMER_TOKENS
            return self._token(caller, request) if is_token else _flaw(request) or _made(caller, request, door)
        mine = [thing for thing in self.of(door.kind) if caller.sees(thing.owner) and not thing.is_revoked]
        if "{" not in request.operation:
            return _page([thing for thing in reversed(mine) if _is_wanted(thing, caller, request)], request)
        found = next((thing for thing in mine if request.name in thing.names), None)
        if found is None:
            return Expected(404, "not_found")
        if request.method == "PATCH":
            return _flaw(request) or _changed(found, request)
        return Expected(200, objects=(found.as_shown(with_people=_with_people(request)),))

    def _token(self, caller: Caller, request: Request) -> Expected:
        """For a customer whom the bank's token sees: a token, which leaves nothing behind."""
        guid = str((request.body or {})["customer_guid"])
        if len(guid) != GUID_LETTERS:
            return Expected(400, "invalid_value")
        known = {thing.guid for thing in self.of(Kind.CUSTOMER) if caller.sees(thing.owner)}
        made = Expected(201, objects=({},)) if guid in known else Expected(422, "no_customer")
        return _flaw(request) or made


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
    if caller.subject not in door.subjects:
        return Expected(401, "invalid_subject")
    wanted = {door.scope, *([PEOPLE] if _with_people(request) else [])}
    if request.operation == CUSTOMER_TOKENS:
        wanted.add("customers:read")
    if not wanted <= caller.scopes:
        return Expected(403, "invalid_scopes")
    return None


def _flaw(request: Request) -> Expected | None:
    sent = request.body or {}
    is_known = MEMBERS[request.operation].issuperset(sent.keys() - {"bank_guid"})
    if not is_known or sent.get("state", "unverified") != "unverified":
        return Expected(400, "invalid_parameter")
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
    has = {"guid": {thing.guid}, "type": {str(thing.shown["type"])}}
    if thing.kind is Kind.CUSTOMER:
        has["label"] = set(thing.labels)
        if caller.subject == ORGANIZATION:
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
