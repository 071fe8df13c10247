"""What a walk can choose: who asks, with which scopes, and what is named, in every relation to whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st

from ostiary.applications.credentials import new_client_id
from ostiary.crypto import guids
from tests.tenancy.model import HOLDS, OPERATIONS, PEOPLE, World
from tests.tenancy.things import BANK, CUSTOMER, ORGANIZATION, Caller, Kind, Thing

PLACES = 3
CUSTOMERS = 2
KEYS = {Kind.ORGANIZATION_KEY, Kind.BANK_KEY}
ROLES = ("owner", "administrator", "developer", "viewer")


@dataclass(frozen=True)
class Who:
    """The key of an organization, or of one of its banks, and the scopes of its token; None asks for all.

    Or one of the customers who were there in the beginning, with a token that the key of the bank has made. With a role
    it is a person, who began with that role, and whose login is bound to the bank or to none.
    """

    organization: int
    bank: int | None
    scopes: frozenset[str] | None = None
    customer: int | None = None
    role: str = ""


class Relation(StrEnum):
    OWN = "own"
    SIBLING = "sibling"
    FOREIGN = "foreign"
    OF_ANOTHER_KIND = "of another kind"
    REVOKED = "revoked"
    NEVER_EXISTED = "never existed"
    MALFORMED = "malformed"


@dataclass(frozen=True)
class Named:
    """One of the things in a relation to the caller; which one, the world at that moment decides."""

    relation: Relation
    nth: int


MALFORMED: tuple[Callable[[str], str], ...] = (
    str.upper,
    lambda own: own[:-1],
    lambda own: f"{own}0",
    lambda own: f"{own}\0",
    lambda own: f" {own}",
    lambda own: f"{own[:8]}-{own[8:12]}-{own[12:16]}-{own[16:20]}-{own[20:]}",
    lambda _: "%",
    lambda own: f"{own[:-1]}_",
    lambda _: "' OR '1'='1",
    lambda _: "null",
    lambda own: f"{own}\u200b",
)

# The scopes that decide anything here.
DECIDING = {*(door.scope for door in OPERATIONS.values()), PEOPLE}

place = st.integers(0, PLACES - 1)


def _who(subject: str) -> st.SearchStrategy[Who]:
    some = st.frozensets(st.sampled_from(sorted(DECIDING & HOLDS[subject])), min_size=1, max_size=4)
    bank = st.none() if subject == ORGANIZATION else place
    customer = st.integers(0, CUSTOMERS - 1) if subject == CUSTOMER else st.none()
    return st.builds(Who, place, bank, st.one_of(st.none(), st.none(), some), customer)


keys = st.builds(Who, place, st.none() | place)
_organizations, _banks, _customers = _who(ORGANIZATION), _who(BANK), _who(CUSTOMER)
_some = st.frozensets(st.sampled_from(sorted(DECIDING)), min_size=1, max_size=6)
_people = st.builds(
    Who, place, st.none() | place, st.one_of(st.none(), st.none(), st.none(), _some), st.none(), st.sampled_from(ROLES)
)
callers = _organizations | _banks | _customers | _people
# For what only one of them may do, so that it happens often enough.
organizations_mostly = st.one_of(_organizations, _organizations, _organizations, _banks, _customers, _people)
banks_mostly = st.one_of(_banks, _banks, _banks, _organizations, _customers, _people)
people_mostly = st.one_of(_people, _people, _people, _people, _organizations, _banks, _customers)
roles = st.sampled_from(ROLES)

# The interesting relations come more often.
_relations = (*[Relation.OWN] * 4, *[Relation.FOREIGN] * 3, *[Relation.SIBLING] * 2, *Relation)
names = st.builds(Named, st.sampled_from(_relations), st.integers(0, 15))
# A `bank_guid` where it decides nothing.
strays = st.none() | names
# A member that no body may have makes the request a refusal, so it comes seldom.
flaws = st.one_of(*[st.none()] * 7, names)
filters = st.none() | st.lists(names, max_size=3)
words = st.sampled_from(["Ash", "Birch", "Cedar", "Elm"])
pages = st.fixed_dictionaries(
    {}, optional={"page": st.sampled_from("012"), "per_page": st.sampled_from(["1", "4", "100"])}
)


def name(world: World, caller: Caller, kind: Kind, named: Named) -> str:
    """The guid, or of a key at times the client id, of what the walk has chosen."""
    match named.relation:
        case Relation.MALFORMED:
            own = _names(world, caller, kind, Relation.OWN) or [guids.new()]
            return MALFORMED[named.nth % len(MALFORMED)](own[0])
        case Relation.NEVER_EXISTED:
            return new_client_id() if kind in KEYS and named.nth % 2 else guids.new()
        case relation:
            # Where nobody stands in that relation to the caller, it is somebody foreign.
            found = _names(world, caller, kind, relation) or _names(world, caller, kind, Relation.FOREIGN)
            return found[named.nth % len(found)]


def _names(world: World, caller: Caller, kind: Kind, relation: Relation) -> list[str]:
    related = (thing for thing in world.things.values() if _relation(thing, caller, kind) is relation)
    return [name for thing in related for name in sorted(thing.names)]


def _relation(thing: Thing, caller: Caller, kind: Kind) -> Relation | None:
    is_own = caller.sees(thing.owner)
    if thing.kind is not kind:
        return Relation.OF_ANOTHER_KIND if is_own else None
    if is_own:
        return Relation.REVOKED if thing.is_revoked else Relation.OWN
    is_near = thing.organization_guid == caller.owner.organization_guid
    return Relation.SIBLING if is_near else Relation.FOREIGN
