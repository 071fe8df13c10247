"""Who may do what by API, written down once more: a row for each operation, beside what DESIGN §6 says of callers.

Nothing here is taken from the services: where they and this table differ, one of them is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from ostiary.access.actor import Subject
from ostiary.access.scopes import BANK_KEY, ORGANIZATION_KEY, Scope
from ostiary.users.models import Role

ORGANIZATION, BANK, USER = Subject.ORGANIZATION, Subject.BANK, Subject.USER
CUSTOMER = Subject.CUSTOMER


class About(StrEnum):
    """What an operation names in its path."""

    NOTHING = auto()
    ORGANIZATION = auto()
    BANK = auto()
    CUSTOMER = auto()
    ORGANIZATION_KEY = auto()
    BANK_KEY = auto()
    USER = auto()


class Relation(StrEnum):
    """How what is named stands to the caller, who belongs to Acme, and to its bank North where a bank matters."""

    NONE = auto()
    OWN = auto()
    SIBLING = auto()
    PRODUCTION = auto()
    FOREIGN = auto()
    MISSING = auto()


IN_BANKS = frozenset({About.BANK, About.CUSTOMER, About.BANK_KEY})
RELATIONS: Mapping[bool, tuple[Relation, ...]] = {
    True: (Relation.OWN, Relation.SIBLING, Relation.PRODUCTION, Relation.FOREIGN, Relation.MISSING),
    False: (Relation.OWN, Relation.FOREIGN, Relation.MISSING),
}


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    scope: str
    subjects: frozenset[Subject]
    about: About = About.NOTHING
    success: int = 200
    body: Mapping[str, object] | None = None
    # What else a token needs.
    beside: str = ""
    # Runs in the bank of the token, so a person needs a login bound to one.
    runs_in_a_bank: bool = False
    # Where a login is bound to a bank, the bank of the body does not count.
    goes_to_the_logins_bank: bool = False

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def relations(self) -> tuple[Relation, ...]:
        return (Relation.NONE,) if self.about is About.NOTHING else RELATIONS[self.about in IN_BANKS]


NEW_BANK = {
    "type": "sandbox",
    "name": "Another",
    "supported_trading_symbols": [],
    "supported_fiat_account_assets": ["USD"],
    "supported_country_codes": ["US"],
    "features": ["kyc_identity_verifications", "individual_customers"],
}
EVERYBODY = frozenset({ORGANIZATION, BANK, USER})
WITH_CUSTOMERS = EVERYBODY | {CUSTOMER}
# In a body, the place of a customer of the caller's bank.
SOMEBODY = "a customer"
WITHOUT_BANKS = frozenset({ORGANIZATION, USER})
PEOPLE = frozenset({USER})
OWN_BANK = "the bank of the caller"
NEW_EMAIL = "an address that nobody has"
TOMORROW = "a day from now"
RENAMED = {"name": "Renamed"}
NEW_KEY = {"name": "Another", "expires_at": TOMORROW, "ip_allowlist": ["203.0.113.7"]}
READS = [scope for scope in Scope if scope.endswith(":read") and not scope.endswith(":pii:read")]

ROWS = (
    Row("GET", "/api/organizations/{organization_guid}", "organizations:read", WITHOUT_BANKS, About.ORGANIZATION),
    Row(
        "PATCH",
        "/api/organizations/{organization_guid}",
        "organizations:write",
        WITHOUT_BANKS,
        About.ORGANIZATION,
        body={"name": "Acme"},
    ),
    Row("GET", "/api/banks", "banks:read", EVERYBODY),
    Row("POST", "/api/banks", "banks:execute", WITHOUT_BANKS, success=201, body=NEW_BANK),
    Row("GET", "/api/banks/{bank_guid}", "banks:read", EVERYBODY, About.BANK),
    Row("PATCH", "/api/banks/{bank_guid}", "banks:write", EVERYBODY, About.BANK, body={"name": "Renamed"}),
    Row("GET", "/api/customers", "customers:read", WITH_CUSTOMERS),
    Row(
        "POST",
        "/api/customers",
        "customers:execute",
        frozenset({BANK, USER}),
        success=201,
        body={"type": "individual"},
        runs_in_a_bank=True,
    ),
    Row("GET", "/api/customers/{customer_guid}", "customers:read", WITH_CUSTOMERS, About.CUSTOMER),
    Row("PATCH", "/api/customers/{customer_guid}", "customers:write", WITH_CUSTOMERS, About.CUSTOMER, body={}),
    Row(
        "POST",
        "/api/customer_tokens",
        "customers:write",
        frozenset({BANK}),
        success=201,
        body={"customer_guid": SOMEBODY, "scopes": ["prices:read"]},
        beside="customers:read",
    ),
    Row("GET", "/api/organization_applications", "organizations:read", WITHOUT_BANKS),
    Row(
        "GET",
        "/api/organization_applications/{client_id}",
        "organization_applications:read",
        WITHOUT_BANKS,
        About.ORGANIZATION_KEY,
    ),
    Row(
        "POST",
        "/api/organization_applications",
        "organization_applications:execute",
        PEOPLE,
        success=201,
        body=NEW_KEY,
        beside=" ".join(sorted(ORGANIZATION_KEY)),
    ),
    Row(
        "PATCH",
        "/api/organization_applications/{client_id}",
        "organization_applications:write",
        PEOPLE,
        About.ORGANIZATION_KEY,
        body=RENAMED,
    ),
    Row(
        "DELETE",
        "/api/organization_applications/{client_id}",
        "organization_applications:execute",
        PEOPLE,
        About.ORGANIZATION_KEY,
        success=204,
    ),
    Row("GET", "/api/bank_applications", "banks:read", EVERYBODY),
    Row("GET", "/api/bank_applications/{client_id}", "bank_applications:read", EVERYBODY, About.BANK_KEY),
    Row(
        "POST",
        "/api/bank_applications",
        "bank_applications:execute",
        PEOPLE,
        success=201,
        body={**NEW_KEY, "bank_guid": OWN_BANK},
        beside=" ".join(sorted(BANK_KEY)),
        goes_to_the_logins_bank=True,
    ),
    Row(
        "PATCH",
        "/api/bank_applications/{client_id}",
        "bank_applications:write",
        PEOPLE,
        About.BANK_KEY,
        body=RENAMED,
    ),
    Row(
        "DELETE",
        "/api/bank_applications/{client_id}",
        "bank_applications:execute",
        PEOPLE,
        About.BANK_KEY,
        success=204,
    ),
    Row("GET", "/api/users", "users:read", WITHOUT_BANKS),
    Row(
        "POST",
        "/api/users",
        "users:execute",
        PEOPLE,
        success=201,
        body={"email": NEW_EMAIL, "role": "viewer"},
        beside=" ".join(sorted(READS)),
    ),
    Row("GET", "/api/users/{user_guid}", "users:read", WITHOUT_BANKS, About.USER),
    Row(
        "PATCH",
        "/api/users/{user_guid}",
        "users:write",
        PEOPLE,
        About.USER,
        body={"role": "viewer"},
        beside=" ".join(sorted(READS)),
    ),
    Row(
        "DELETE",
        "/api/users/{user_guid}",
        "users:execute",
        PEOPLE,
        About.USER,
        success=204,
        beside=" ".join(sorted(READS)),
    ),
)

# Wire contract §2, column “Org”.
NOT_OF_ORGANIZATION_KEYS = frozenset({"customers:write", "customers:execute"})
OF_THE_ORGANIZATION = ("organizations:", "organization_applications:", "users:", "subscriptions:")


def holds(role: Role, scope: str, *, in_production: bool) -> bool:
    """What a role may do (DESIGN §6, “Roles are scope sets”)."""
    is_read = scope.endswith(":read") and not scope.endswith(":pii:read")
    match role:
        case Role.OWNER | Role.ADMINISTRATOR:
            return True
        case Role.DEVELOPER if not in_production:
            return is_read or not scope.startswith(OF_THE_ORGANIZATION)
        case _:
            return is_read


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; a refusal if they hear the same whatever they ask."""

    name: str
    subject: Subject | None = None
    role: Role | None = None
    # Of the bank that a person's login is bound to.
    bank: Relation = Relation.NONE
    refusal: tuple[int, str] | None = None
    # Where a bank matters, which ones they see.
    sees: frozenset[Relation] = field(default=frozenset({Relation.OWN, Relation.SIBLING, Relation.PRODUCTION}))


def _person(role: Role, bank: Relation = Relation.NONE) -> Caller:
    return Caller(f"{role}{f' in {bank}' if bank != Relation.NONE else ''}", USER, role, bank)


FAILED = (401, "authentication_failed")
MALFORMED = (401, "authentication_malformed")
WRONG_SUBJECT = (401, "invalid_subject")
NO_SCOPE = (403, "invalid_scopes")

CALLERS = (
    Caller("nobody", refusal=MALFORMED),
    Caller("somebody with half a header", refusal=MALFORMED),
    Caller("somebody with a pair in place of a token", refusal=MALFORMED),
    Caller("a forger", refusal=FAILED),
    Caller("an expired token", refusal=FAILED),
    Caller("a revoked key", refusal=FAILED),
    Caller("a paused key", refusal=FAILED),
    Caller("a login that ended", refusal=FAILED),
    Caller("a bank key", BANK, sees=frozenset({Relation.OWN})),
    Caller("an organization key", ORGANIZATION),
    # Who is somebody else to every other customer of the same bank.
    Caller("a customer", CUSTOMER, sees=frozenset({Relation.OWN})),
    *(_person(role) for role in Role),
    *(_person(role, Relation.OWN) for role in Role),
    _person(Role.ADMINISTRATOR, Relation.PRODUCTION),
    _person(Role.DEVELOPER, Relation.PRODUCTION),
)


def may(caller: Caller, scope: str, *, in_production: bool) -> bool:
    if caller.role is not None:
        return holds(caller.role, scope, in_production=in_production)
    return caller.subject is not ORGANIZATION or scope not in NOT_OF_ORGANIZATION_KEYS


def expected(row: Row, caller: Caller, relation: Relation, *, has_scope: bool) -> tuple[int, str]:
    """Status and message code, in the order of questions of DESIGN §6."""
    visible = caller.sees if row.about in IN_BANKS else {Relation.OWN}
    place = caller.bank if row.runs_in_a_bank or row.goes_to_the_logins_bank else relation
    questions = (
        (caller.refusal is not None, caller.refusal),
        (caller.subject not in row.subjects, WRONG_SUBJECT),
        # A login that is bound to a production bank holds no more than its person's role does in production.
        (not has_scope or not may(caller, row.scope, in_production=caller.bank is Relation.PRODUCTION), NO_SCOPE),
        (row.runs_in_a_bank and caller.subject is USER and caller.bank is Relation.NONE, WRONG_SUBJECT),
        (relation is not Relation.NONE and relation not in visible, (404, "not_found")),
        (place is Relation.PRODUCTION and not may(caller, row.scope, in_production=True), NO_SCOPE),
    )
    return next((refusal for is_refused, refusal in questions if is_refused and refusal), (row.success, ""))
