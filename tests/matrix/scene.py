"""Acme with North, South and a production bank, Globex with East, and everybody who could ask."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from ostiary import clock
from ostiary.access.actor import Subject
from ostiary.access.scopes import BANK_KEY, CUSTOMER, ORGANIZATION_KEY
from ostiary.applications.models import Application
from ostiary.crypto import guids
from ostiary.customers.models import Customer
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.users.models import Login, Role
from tests.matrix.rows import NEW_EMAIL, OWN_BANK, SOMEBODY, TOMORROW, About, Caller, Relation, Row
from tests.oauth.customer_desk import customer_token
from tests.oauth.desk import Answer, Desk, Key, claims_of, header_of, own_token, signed_by
from tests.people import Cast, add_person, open_login, user_token

# Held by keys of both kinds and by every role, and needed by no operation.
USELESS = "prices:read"

Maker = Callable[[Relation], str]


@dataclass
class Scene:
    desk: Desk
    cast: Cast
    vault: str
    forger: SigningKeys
    keys: dict[str, Key] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    # Of North; who a customer's token speaks for.
    customer: str = ""

    def __post_init__(self) -> None:
        self.cast.join("Ada", Role.ADMINISTRATOR)
        acme, north = self.cast.acme, self.cast.north
        self.keys = {
            "a bank key": self.desk.key(acme, north),
            "an organization key": self.desk.key(acme),
            "a revoked key": self.desk.key(acme, north),
            "a paused key": self.desk.key(acme, north),
        }
        self.customer = self.thing(About.CUSTOMER, Relation.OWN)

    def ask(self, row: Row, caller: Caller, relation: Relation, *, has_scope: bool) -> Answer:
        path = row.path
        if row.about is not About.NOTHING:
            path = path.format_map(dict.fromkeys(NAMES, self.named(row.about, relation, caller)))
        scopes = f"{row.scope} {row.beside}".strip()
        headers = [(b"authorization", said.encode())] if (said := self.header(caller, scopes, has_scope)) else []
        body = b"" if row.body is None else self.filled_in(json.dumps(row.body)).encode()
        content = [(b"content-type", b"application/json")] if body else []
        return self.desk.request(path, [*headers, *content], method=row.method, body=body)

    def filled_in(self, body: str) -> str:
        known = {
            SOMEBODY: self.customer,
            OWN_BANK: self.cast.north,
            NEW_EMAIL: f"{guids.new()}@example.com",
            TOMORROW: clock.on_the_wire(clock.now() + dt.timedelta(days=1)),
        }
        for place, value in known.items():
            body = body.replace(place, value)
        return body

    def named(self, about: About, relation: Relation, caller: Caller) -> str:
        if caller.subject is Subject.CUSTOMER and about is About.CUSTOMER:
            # To a customer, those of its own bank are siblings.
            own = {Relation.OWN: self.customer, Relation.SIBLING: self.thing(about, Relation.OWN)}
            return own.get(relation) or self.thing(about, relation)
        return self.thing(about, relation)

    def header(self, caller: Caller, scope: str, has_scope: bool) -> str:
        wanted = scope if has_scope else USELESS
        match caller.name:
            case "nobody":
                return ""
            case "somebody with half a header":
                return "Bearer"
            case "somebody with a pair in place of a token":
                key = self.keys["a bank key"]
                return f"Basic {base64.b64encode(f'{key.client_id}:{key.secret}'.encode()).decode()}"
        if caller.name in DEAD:
            wanted = ""
        if (caller.name, wanted) not in self.tokens:
            self.tokens[caller.name, wanted] = self._token(caller, wanted)
        return f"Bearer {self.tokens[caller.name, wanted]}"

    def _token(self, caller: Caller, scope: str) -> str:
        if caller.name in DEAD:
            return self._dead(caller.name)
        match caller.name:
            case "a forger":
                return signed_elsewhere(self.forger, self._token(BANK_KEYS, scope))
            case "an expired token":
                claims = claims_of(self._token(BANK_KEYS, scope))
                return own_token(self.desk.ostiary, claims | {"exp": int(clock.seconds()) - 60})
            case "a login that ended":
                token = self._of_person(Role.OWNER, Relation.NONE, scope)
                with self.cast.store.writing() as db:
                    db.execute(sa.delete(Login).where(Login.guid == claims_of(token)["sid"]))
                return token
        if caller.role is not None:
            return self._of_person(caller.role, caller.bank, scope)
        return self._of_key(caller, scope)

    def _of_key(self, caller: Caller, scope: str) -> str:
        if caller.subject is Subject.CUSTOMER:
            may = [name for name in scope.split() if name in CUSTOMER] or [USELESS]
            return customer_token(self.desk, self.keys["a bank key"], self.customer, *may)
        key = self.keys[caller.name]
        held = BANK_KEY if key.bank_guid else ORGANIZATION_KEY
        # A scope that no key holds: the nearest to asking for it is to ask for all.
        return self.desk.token(key, scope if held.issuperset(scope.split()) else "")

    def _of_person(self, role: Role, bank: Relation, scope: str) -> str:
        name = {Role.OWNER: "Alice", Role.ADMINISTRATOR: "Ada", Role.DEVELOPER: "Dana", Role.VIEWER: "Bob"}[role]
        bank_guid = None if bank is Relation.NONE else self.bank(bank)
        login = open_login(self.cast.store, self.cast[name], bank_guid=bank_guid, scope=scope)
        return user_token(self.desk.ostiary, login)

    def _dead(self, name: str) -> str:
        token = self.desk.token(self.keys[name])
        state = "revoked_at" if name == "a revoked key" else "paused_at"
        with self.cast.store.writing() as db:
            mine = Application.client_id == self.keys[name].client_id
            db.execute(sa.update(Application).where(mine).values({state: clock.now()}))
        return token

    def bank(self, relation: Relation) -> str:
        cast = self.cast
        banks = {
            Relation.OWN: cast.north,
            Relation.SIBLING: cast.south,
            Relation.PRODUCTION: self.vault,
            Relation.FOREIGN: cast.east,
        }
        return banks.get(relation) or guids.new()

    def organization(self, relation: Relation) -> str:
        return {Relation.FOREIGN: self.cast.globex, Relation.MISSING: guids.new()}.get(relation, self.cast.acme)

    def thing(self, about: About, relation: Relation) -> str:
        """Something to name, new for each question that could end it."""
        makers: dict[About, Maker] = {
            About.ORGANIZATION: self.organization,
            About.BANK: self.bank,
            About.CUSTOMER: self._customer,
            About.ORGANIZATION_KEY: lambda place: self._key(place, in_a_bank=False),
            About.BANK_KEY: lambda place: self._key(place, in_a_bank=True),
            About.USER: self._member,
        }
        return makers[about](relation)

    def _customer(self, relation: Relation) -> str:
        if relation is Relation.MISSING:
            return guids.new()
        customer = Customer(
            guid=guids.new(),
            bank_guid=self.bank(relation),
            organization_guid=self.organization(relation),
            type="individual",
        )
        with self.cast.store.writing() as db:
            db.add(customer)
        return customer.guid

    def _member(self, relation: Relation) -> str:
        if relation is Relation.MISSING:
            return guids.new()
        return add_person(self.cast.store, guids.new(), self.organization(relation), Role.VIEWER).membership_guid

    def _key(self, relation: Relation, *, in_a_bank: bool) -> str:
        application = Application(
            guid=guids.new(),
            client_id=f"ostid_{guids.new()}000000",
            kind="bank" if in_a_bank else "organization",
            organization_guid=self.organization(relation),
            bank_guid=self.bank(relation) if in_a_bank else None,
            name="To be named",
            ip_allowlist_text="203.0.113.7/32",
            expires_at=clock.now() + dt.timedelta(days=1),
        )
        if relation is not Relation.MISSING:
            with self.cast.store.writing() as db:
                db.add(application)
        return application.guid


BANK_KEYS = Caller("a bank key")
# They can be made once, and their scopes do not matter.
DEAD = frozenset({"a revoked key", "a paused key"})
# Of the parameters in paths.
NAMES = ("organization_guid", "bank_guid", "customer_guid", "client_id", "user_guid")


def signed_elsewhere(keys: SigningKeys, token: str) -> str:
    """The same claims under another server's key, with the right key's id."""
    return signed_by(keys, claims_of(token), kid=header_of(token)["kid"])
