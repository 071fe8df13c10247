"""What pages are about, found in the database as it is at that moment, and who the person is who asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ostiary import tables
from ostiary.users.models import Role
from ostiary.web.pages import Who
from tests.pages.rows import Row
from tests.people import Person
from tests.tenancy.choices import Relation
from tests.tenancy.state import Place, State

Record = Mapping[str, Any]

COLUMNS = {name: table.columns.keys() for name, table in tables.metadata.tables.items()}
# Of what pages can be about, the tables.
TABLES_OF = {
    "organization": "organizations",
    "bank": "banks",
    "customer": "customers",
    "key": "applications",
    "member": "memberships",
    "owner": "memberships",
    "session": "user_sessions",
    "login": "logins",
    "event": "events",
}

# Their rows belong to whoever the people belong to.
PEOPLE = {"memberships", "user_sessions"}

DONE = frozenset({200, 303, 409, 422})
AT_THE_DOOR = DONE | {401, 410, 429}


@dataclass(frozen=True)
class Standing:
    """Where a person is at that moment; without an organization they belong nowhere, or are out and have a cookie."""

    name: str
    user_guid: str
    organization_guid: str
    role: str
    # Everywhere they belong.
    places: frozenset[str]
    is_out: bool = False


def records(state: State, table: str) -> Iterator[Record]:
    for row in state.rows[table].values():
        yield dict(zip(COLUMNS[table], row, strict=True))


def standing(state: State, person: Person, id_digest: bytes) -> Standing | None:
    """None for whoever is signed out."""
    guid = person.user_guid
    mine = [each for each in records(state, "user_sessions") if bytes(each["id_digest"]) == id_digest]
    if not mine:
        return None
    belongs = belongings(state, guid)
    barred = any(each["guid"] == guid and each["disabled_at"] for each in records(state, "users"))
    if barred or mine[0]["organization_guid"] not in {None, *belongs}:
        return Standing(person.name, guid, "", "", frozenset(), is_out=True)
    here = mine[0]["organization_guid"] or next(iter(belongs), "")
    return Standing(person.name, guid, here, belongs.get(here, ""), frozenset(belongs))


def belongings(state: State, user_guid: str) -> dict[str, str]:
    """Roles by organization."""
    theirs = (each for each in records(state, "memberships") if each["user_guid"] == user_guid)
    return {each["organization_guid"]: each["role"] for each in theirs if not each["disabled_at"]}


def owners(state: State, places: Iterable[Place]) -> dict[str, frozenset[str]]:
    """The organizations of what stands there and has a guid or a client id; of people and their sessions, of all."""
    found: dict[str, frozenset[str]] = {}
    seen = set(places)
    for place in seen:
        owner, row = state.owner(place), state.row(place)
        if owner is None or row is None:
            continue
        record = dict(zip(COLUMNS[place[0]], row, strict=True))
        for column in {"guid", "client_id"} & record.keys():
            found[record[column]] = frozenset({owner.organization_guid})
    if any(table in PEOPLE for table, _ in seen):
        found |= _owners_of_people(state)
    return found


def _owners_of_people(state: State) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for member in records(state, "memberships"):
        if guid := member["user_guid"]:
            found[guid] = found.get(guid, frozenset()) | {member["organization_guid"]}
    for session in records(state, "user_sessions"):
        found[session["guid"]] = found.get(session["user_guid"], frozenset())
    return found


def choose(state: State, about: str, who: Standing, relation: Relation) -> list[str]:
    """Things a row can be about: of the organization, of another the person belongs to, or of somebody else."""
    words = about.split()
    table = TABLES_OF[words[-1]]
    production = {each["guid"] for each in records(state, "banks") if each["type"] == "production"}
    fits = _fitting(words, production)
    mine = {each["guid"] for each in records(state, "memberships") if each["user_guid"] == who.user_guid}
    if table == "logins":
        of = {True: Relation.OWN, False: Relation.FOREIGN}
        logins = records(state, table)
        return sorted(each["guid"] for each in logins if of[each["membership_guid"] in mine] is relation)
    found = (each["guid"] for each in records(state, table) if fits(each) and _relation(each, table, who) is relation)
    # As they were made, so that a walk can be repeated.
    return sorted(found)


def _fitting(words: list[str], production: set[str]) -> Callable[[Record], bool]:
    def fits(each: Record) -> bool:
        match words[-1]:
            case "bank":
                return (each["guid"] in production) == ("production" in words)
            case "customer":
                return (each["bank_guid"] in production) == ("production" in words)
            case "key":
                where = "organization" if not each["bank_guid"] else ""
                where = "production" if each["bank_guid"] in production else where
                wanted = {"organization", "production"} & set(words)
                return wanted == ({where} - {""}) and _is_such_a_key(each, words)
            case "member" | "owner":
                return _is_such_a_member(each, words)
            case _:
                return True

    return fits


def _is_such_a_key(each: Record, words: list[str]) -> bool:
    is_observed = bool(each["observed_since"])
    if "unlisted" in words:
        return not (is_observed or each["ip_allowlist"])
    return (is_observed or "observed" not in words) and (bool(each["paused_at"]) or "paused" not in words)


def _is_such_a_member(each: Record, words: list[str]) -> bool:
    if (each["role"] == Role.OWNER) != (words[-1] == "owner"):
        return False
    if "invited" in words:
        return not each["user_guid"]
    return bool(each["user_guid"]) and ("disabled" not in words or bool(each["disabled_at"]))


def _relation(each: Record, table: str, who: Standing) -> Relation:
    if table == "user_sessions":
        return Relation.OWN if each["user_guid"] == who.user_guid else Relation.FOREIGN
    owner = each["guid"] if table == "organizations" else each["organization_guid"]
    if owner == who.organization_guid:
        return Relation.OWN
    return Relation.SIBLING if owner in who.places else Relation.FOREIGN


def statuses(
    row: Row, who: Who, standing: Standing, relation: Relation | None, query: Mapping[str, str]
) -> frozenset[int]:
    """The whole model: what may be answered, by role and by relation to what is named."""
    if standing.is_out and who is not Who.ANYBODY:
        return frozenset({303 if row.method == "GET" else 401})
    if row.about.endswith(("code", "link")) and relation is Relation.OWN:
        # It works once, and a link is for one person.
        return AT_THE_DOOR | {404 if row.about.endswith("code") else 403}
    if who is Who.ANYBODY:
        return frozenset({row.elsewhere}) if relation else AT_THE_DOOR
    if who is Who.MEMBER and not standing.role:
        return frozenset({303})
    may = who is Who.PERSON or standing.role in row.may
    # `before`, `after` and `bank` name things too.
    more = {404} if query else set()
    if relation in {None, Relation.OWN}:
        return (DONE if may else frozenset({403})) | more
    return frozenset({row.elsewhere} if may else {403, 404, row.elsewhere}) | more
