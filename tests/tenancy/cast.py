"""Who is there: Acme, Globex and Initech with three banks each, customers in all of them, their keys and tokens."""

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

from ostiary.access.scopes import Scope
from ostiary.applications import queries as applications
from ostiary.applications import service as keys
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.events.delivery import deliver_due
from ostiary.oauth import queries
from ostiary.oauth.logins import LoginTokens
from ostiary.oauth.queries import LoginStanding
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.upkeep import CONSUMERS
from ostiary.users.models import Role
from ostiary.users.roles import RIGHTS
from ostiary.web.schemas import read_as
from tests.oauth.customer_desk import customer_token
from tests.oauth.desk import OPERATOR, Answer, Desk, Key
from tests.oauth.window import JSON
from tests.people import USER_TOKEN_SECONDS, Person, add_person, open_login
from tests.tenancy.choices import CUSTOMERS, ROLES, Who
from tests.tenancy.model import HOLDS, World
from tests.tenancy.things import BANK, CUSTOMER, ORGANIZATION, USER, Caller, Kind, Owner, Request, Thing
from tests.tenancy.walks import Stage
from tests.tenancy.watching import Watch

BANKS_OF = {
    "Acme": ("North", "South", "West"),
    "Globex": ("East", "Centre", "Coast"),
    "Initech": ("Hill", "Lake", "Shore"),
}
IN_BRACES = re.compile(r"\{\w+\}")


class Cast(Stage):
    def __init__(self, desk: Desk, watch: Watch) -> None:
        super().__init__(desk, watch)
        self.asked: set[str] = set()
        self._world = self._present = World()
        self._keys: dict[tuple[int, int | None], Key] = {}
        self._tokens: dict[Who, str] = {}
        # By their bank.
        self._customers: dict[str, list[str]] = {}
        self._key_guids: dict[str, str] = {}
        # By organization and the role they began with; logins also by bank.
        self._people: dict[tuple[int, str], Person] = {}
        self._logins: dict[tuple[int, str, int | None], LoginStanding] = {}
        for number, name in enumerate(BANKS_OF):
            self._enter(number, name)
        self.remember()

    def begin(self) -> None:
        """Tokens are new: none may grow too old."""
        self.let_work_be_done()
        super().begin()
        self._tokens.clear()
        self.world()
        for organization, bank in self._keys:
            self._token(Who(organization, bank))

    def world(self) -> World:
        """What was there in the beginning."""
        self._present = World(self._world.things)
        return self._present

    def let_work_be_done(self) -> None:
        """What a server does beside the requests, now and completely."""
        while deliver_due(self.store, CONSUMERS):
            pass
        self.desk.ostiary.usage.write(self.store)

    def key(self, who: Who) -> Key:
        return self._keys[who.organization, who.bank]

    def caller(self, who: Who) -> Caller:
        if who.role:
            return self._person(who)
        key, customer_guid = self.key(who), self._customer_guid(who)
        subject = CUSTOMER if customer_guid else BANK if key.bank_guid else ORGANIZATION
        scopes = HOLDS[subject] if who.scopes is None else who.scopes
        is_out = self._present.things[self._key_guids[key.client_id]].is_revoked
        return Caller(subject, Owner(key.organization_guid, key.bank_guid, customer_guid), scopes, is_out=is_out)

    def _person(self, who: Who) -> Caller:
        """As they are now: others may have given them another role, or shut them out."""
        member = self._present.things[self._people[who.organization, who.role].membership_guid]
        rights = RIGHTS[Role(str(member.shown["role"]))]
        approved = frozenset(Scope) if who.scopes is None else frozenset(map(Scope, who.scopes))
        bank_guid = self._logins[who.organization, who.role, who.bank].bank_guid or ""
        return Caller(
            USER,
            Owner(member.organization_guid, bank_guid),
            frozenset(map(str, approved & rights.scopes)),
            member.guid,
            is_owner=member.shown["role"] == Role.OWNER,
            is_out=member.shown["state"] == "disabled",
            sees_people_everywhere=Scope.CUSTOMERS_PII_READ in approved & rights.in_production,
        )

    def send(self, who: Who, request: Request) -> Answer:
        path = IN_BRACES.sub(lambda _: request.name, request.operation.partition(" ")[2])
        headers = [(b"authorization", f"Bearer {self._token(who)}".encode())]
        body = b""
        if request.body is not None:
            headers.append(JSON)
            body = json.dumps(request.body).encode()
        query = urlencode(request.query).encode()
        return self.desk.request(path, headers, method=request.method, query=query, body=body)

    def _token(self, who: Who) -> str:
        if who not in self._tokens and who.role:
            # A token that says all that was approved; what the role holds of it is another question.
            login = self._logins[who.organization, who.role, who.bank]._replace(role=Role.OWNER)
            approved = " ".join(sorted(map(str, Scope) if who.scopes is None else who.scopes))
            tokens = LoginTokens(self.desk.ostiary.token.tokens, USER_TOKEN_SECONDS)
            self._tokens[who] = tokens.issue(login._replace(scope=approved)).token.decode()
        if who not in self._tokens and self.caller(who).is_out:
            # One from before the key was revoked, its own where the customer had none; scopes do not matter any more.
            before = replace(who, scopes=None)
            return self._tokens.get(before) or self._tokens[replace(before, customer=None)]
        if who not in self._tokens:
            # What is read to make it is nothing that the request at hand has read.
            with self.watch.looking_away():
                self._tokens[who] = self._new_token(who)
        return self._tokens[who]

    def _new_token(self, who: Who) -> str:
        guid, scopes = self._customer_guid(who), sorted(self.caller(who).scopes)
        if guid:
            return customer_token(self.desk, self.key(who), guid, *scopes)
        return self.desk.token(self.key(who), " ".join(scopes))

    def _customer_guid(self, who: Who) -> str:
        return "" if who.customer is None else self._customers[self.key(who).bank_guid][who.customer]

    def _enter(self, number: int, name: str) -> None:
        with self.store.writing() as db:
            guid = organizations.create(db, OPERATOR, read_as(NewOrganization, name=name)).guid
        self._world.put(Thing(Kind.ORGANIZATION, guid, guid, shown={"name": name}))
        self._keys[number, None] = self._key(guid)
        self._key(guid)
        self._revoke(self._key(guid))
        for place, bank in enumerate(BANKS_OF[name]):
            with self.store.writing() as db:
                bank_guid = banks.create(db, OPERATOR, guid, usual_bank(bank, BankType.SANDBOX)).guid
            shown = {"organization_guid": guid, "name": bank, "type": "sandbox"}
            self._world.put(Thing(Kind.BANK, bank_guid, guid, shown=shown))
            self._keys[number, place] = self._key(guid, bank_guid)
            self._revoke(self._key(guid, bank_guid))
            for _ in range(CUSTOMERS):
                self._customer(Who(number, place), bank)
        for role in ROLES:
            self._member(number, guid, role)

    def _member(self, number: int, organization_guid: str, role: str) -> None:
        """Somebody with a login for each bank, and one for none."""
        person = self._people[number, role] = add_person(self.store, f"{role}{number}", organization_guid, role)
        shown = {"email": person.email, "role": role, "state": "active", "username": person.name}
        self._world.put(Thing(Kind.USER, person.membership_guid, organization_guid, shown=shown))
        keys = [key for (at, place), key in self._keys.items() if at == number and place is not None]
        banks = [None, *(key.bank_guid for key in keys)]
        for place, bank_guid in enumerate(banks, -1):
            login = open_login(self.store, person, bank_guid=bank_guid)
            with self.store.reading() as db:
                standing = queries.by_login_guid(db, login, self.desk.ostiary.keys.current_kid)
            assert standing is not None
            self._logins[number, role, None if bank_guid is None else place] = standing

    def _key(self, organization_guid: str, bank_guid: str = "") -> Key:
        key = self.desk.key(organization_guid, bank_guid)
        with self.store.reading() as db:
            guid = applications.get(db, OPERATOR, self.desk.kind(key), key.client_id).guid
        kind = Kind.BANK_KEY if bank_guid else Kind.ORGANIZATION_KEY
        self._key_guids[key.client_id] = guid
        shown = {"client_id": key.client_id}
        self._world.put(Thing(kind, guid, organization_guid, bank_guid, key.client_id, shown))
        return key

    def _revoke(self, key: Key) -> None:
        with self.store.writing() as db:
            guid = keys.revoke(db, OPERATOR, self.desk.kind(key), key.client_id).guid
        self._world.put(replace(self._world.things[guid], is_revoked=True))

    def _customer(self, who: Who, bank: str) -> None:
        body = {"type": "individual", "name": {"first": "Ann", "last": bank}, "labels": ["early"]}
        request = Request("POST /api/customers", body=body)
        made = self._world.predict(self.caller(who), request).leaves
        assert made is not None
        guid = self.send(who, request).json["guid"]
        self._world.put(replace(made, guid=guid))
        self._customers.setdefault(made.bank_guid, []).append(guid)
