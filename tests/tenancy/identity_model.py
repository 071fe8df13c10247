"""The reference model of what people do with keys and with each other."""

from collections.abc import Collection
from dataclasses import replace

from ostiary.access.scopes import BANK_KEY, ORGANIZATION_KEY, Scope
from tests.tenancy.flaws import flaw
from tests.tenancy.things import Caller, Expected, Kind, Owner, Request, Thing

KINDS = {Kind.ORGANIZATION_KEY, Kind.BANK_KEY, Kind.USER}
# Written down once more, and not read from the roles themselves: what somebody must hold to give one.
EVERYTHING = {str(scope) for scope in Scope}
READS = {name for name in EVERYTHING if name.endswith(":read") and not name.endswith(":pii:read")}
ORGANIZATIONS_OWN = {"organizations", "organization_applications", "users", "subscriptions"}
NEEDED = {
    "owner": EVERYTHING,
    "administrator": EVERYTHING,
    "developer": {name for name in EVERYTHING if name.split(":")[0] not in ORGANIZATIONS_OWN} | READS,
    "viewer": READS,
}
FORBIDDEN = Expected(403, "forbidden")
LAST_OWNER = Expected(409, "last_owner")


def made(seen: Collection[Thing], caller: Caller, request: Request, kind: Kind) -> Expected:
    """`seen` is all that the caller sees."""
    sent = request.body or {}
    match kind:
        case Kind.ORGANIZATION_KEY:
            own = Owner(caller.owner.organization_guid)
            return _lacking(caller, ORGANIZATION_KEY) or flaw(request) or _key(kind, own, sent["name"])
        case Kind.BANK_KEY:
            bank_guid = caller.owner.bank_guid or sent.get("bank_guid")
            found = next((thing for thing in seen if thing.kind is Kind.BANK and thing.guid == bank_guid), None)
            if refusal := flaw(request):
                return refusal
            if bank_guid is None:
                return Expected(400, "missing_parameter")
            if found is None:
                return Expected(404, "not_found")
            return _lacking(caller, BANK_KEY) or _key(kind, found.owner, sent["name"])
        case _:
            return flaw(request) or _invited(seen, caller, str(sent["email"]), str(sent["role"]))


def changed(members: Collection[Thing], caller: Caller, member: Thing, request: Request) -> Expected:
    if not _may_give(caller, member.shown["role"]):
        return FORBIDDEN
    if refusal := flaw(request):
        return refusal
    role = (request.body or {})["role"]
    if not _may_give(caller, role):
        return FORBIDDEN
    if role != member.shown["role"] and _is_last_owner(members, member):
        return LAST_OWNER
    left = replace(member, shown={**member.shown, "role": role})
    return Expected(200, objects=(left.as_shown(with_people=False),), leaves=left)


def deleted(mine: Collection[Thing], caller: Caller, thing: Thing) -> Expected:
    if thing.kind is not Kind.USER:
        return Expected(204, leaves=replace(thing, is_revoked=True))
    if not _may_give(caller, thing.shown["role"]):
        return FORBIDDEN
    if thing.shown["state"] == "invited":
        return Expected(204, leaves=replace(thing, is_revoked=True))
    if thing.guid == caller.guid:
        return Expected(409, "forbidden")
    if thing.shown["state"] == "active" and _is_last_owner(mine, thing):
        return LAST_OWNER
    return Expected(204, leaves=replace(thing, shown={**thing.shown, "state": "disabled"}))


def _key(kind: Kind, owner: Owner, name: object) -> Expected:
    shown = {"name": name, "ip_allowlist": []}
    left = Thing(kind, "", *owner, shown=shown)
    return Expected(201, objects=(left.as_shown(with_people=False),), leaves=left)


def _invited(seen: Collection[Thing], caller: Caller, email: str, role: str) -> Expected:
    if not _may_give(caller, role):
        return FORBIDDEN
    if email in {thing.shown["email"] for thing in seen if thing.kind is Kind.USER}:
        return Expected(409, "data_exists")
    shown = {"email": email, "role": role, "state": "invited", "username": None}
    left = Thing(Kind.USER, "", caller.owner.organization_guid, shown=shown)
    return Expected(201, objects=(left.as_shown(with_people=False),), leaves=left)


def _lacking(caller: Caller, needed: Collection[Scope]) -> Expected | None:
    return None if caller.scopes.issuperset(map(str, needed)) else FORBIDDEN


def _may_give(caller: Caller, role: object) -> bool:
    return caller.scopes >= NEEDED[str(role)] and (role != "owner" or caller.is_owner)


def _is_last_owner(members: Collection[Thing], member: Thing) -> bool:
    live = [
        each.guid
        for each in members
        if each.kind is Kind.USER and (each.shown["role"], each.shown["state"]) == ("owner", "active")
    ]
    return live == [member.guid]
