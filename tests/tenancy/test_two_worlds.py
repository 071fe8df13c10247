"""Two worlds that differ in what Globex has and does: whatever Acme asks, it hears the same, byte for byte."""

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ostiary import clock
from ostiary.applications.credentials import new_client_id
from ostiary.crypto import guids
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer
from ostiary.settings import Settings
from tests.apps import app_on, without_token_limits
from tests.databases import fresh_database
from tests.oauth.desk import Answer, Desk, Key, open_desk
from tests.people import add_bank, add_organization, add_person, open_login, user_token
from tests.postgres import Postgres
from tests.tenancy.model import OPERATIONS
from tests.tenancy.state import Base

pytestmark = pytest.mark.any_database

JSON = (b"content-type", b"application/json")
IN_BRACES = re.compile(r"\{\w+\}")
GUID = re.compile(r"\b[0-9a-f]{32}\b|\bostid_[0-9A-Za-z]{38}\b")
# Another one each time, whoever asks: a signature, a secret, a link's word.
NONCES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+|ost_(?:sandbox|production|org)_[0-9A-Za-z]{49}|(?<=invitation\?word=)[\w-]+"
)
GLOBEX_ADDRESS = "198.51.100.77"


@dataclass
class Tenant:
    """An organization with two banks, their keys, customers, and its owner's tokens."""

    organization: str
    banks: list[str]
    keys: list[Key]
    tokens: list[str]
    names: list[str] = field(default_factory=list)


def enter(desk: Desk, name: str) -> Tenant:
    store = desk.store
    organization = add_organization(store, name)
    banks = [add_bank(store, organization, bank) for bank in ("North", "South")]
    keys = [desk.key(organization), *(desk.key(organization, bank) for bank in banks)]
    tokens = [desk.token(key) for key in keys]
    owner = add_person(store, f"Owner of {name}", organization, "owner")
    tokens += [user_token(desk.ostiary, open_login(store, owner, bank_guid=bank)) for bank in (None, *banks)]
    tenant = Tenant(organization, banks, keys, tokens)
    for token in tokens[1:3]:
        for number in range(3):
            made = send(
                desk, "POST", "/api/customers", token, body={"type": "individual", "labels": [f"label{number}"]}
            )
            tenant.names.append(made.json["guid"])
    tenant.names += [organization, *banks, *(key.client_id for key in keys), owner.membership_guid]
    return tenant


def send(desk: Desk, method: str, path: str, token: str, *, body: object = None, query: bytes = b"") -> Answer:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    raw = b"" if body is None else json.dumps(body).encode()
    return desk.request(path, [*headers, JSON] if raw else headers, method=method, query=query, body=raw)


@dataclass
class Heard:
    """An answer without what is another one each time; guids that are new have numbers instead."""

    known: set[str]
    numbers: dict[str, str] = field(default_factory=dict)

    def of(self, answer: Answer) -> tuple[int, dict[str, str], str]:
        headers = {name: self._plain(value) for name, value in answer.headers.items()}
        return answer.status, headers, self._plain(answer.body.decode())

    def _plain(self, text: str) -> str:
        return GUID.sub(self._number, NONCES.sub("…", text))

    def _number(self, found: re.Match[str]) -> str:
        name = found[0]
        if name in self.known:
            return name
        return self.numbers.setdefault(name, f"new {len(self.numbers)}")


@dataclass
class Choices:
    """What Acme asks, of whom, and with what; the same in both worlds."""

    random: random.Random
    acme: Tenant
    globex: Tenant

    def name(self) -> str:
        """Its own, Globex's, or one that never was."""
        match self.random.randrange(6):
            case 0 | 1 | 2:
                return self.random.choice(self.acme.names)
            case 3 | 4:
                return self.random.choice(self.globex.names)
            case _:
                return self.random.choice(NOBODY)

    def body(self) -> dict[str, object]:
        possible: dict[str, object] = {
            "name": self.random.choice(["Elm", "Ash", "Globex", "North"]),
            "type": self.random.choice(["individual", "business", "sandbox", "x"]),
            "labels": [self.random.choice(["label0", "label1", "of nobody"])],
            "expires_at": clock.on_the_wire(clock.now().replace(year=2030)),
            "email": self.random.choice(["owner of globex@example.com", "new@example.com"]),
            "role": "viewer",
            "state": self.random.choice(["unverified", "storing"]),
            "bank_guid": self.name(),
            "customer_guid": self.name(),
        }
        wanted = self.random.sample(sorted(possible), self.random.randrange(1, 5))
        return {member: possible[member] for member in wanted}

    def query(self) -> bytes:
        possible = {
            "page": self.random.choice(["0", "1", "7", "x"]),
            "per_page": self.random.choice(["1", "2", "100", "0"]),
            "bank_guid": self.name(),
            "guid": self.name(),
            "label": self.random.choice(["label0", "of nobody"]),
            "type": "individual",
        }
        wanted = self.random.sample(sorted(possible), self.random.randrange(4))
        return urlencode({name: possible[name] for name in wanted}).encode()

    def step(self) -> Callable[[Desk], Answer]:
        if self.random.random() < 0.2:
            return self._token()
        method, path = self.random.choice(sorted(OPERATIONS)).split()
        path = IN_BRACES.sub(lambda _: self.name(), path)
        token, query = self.random.choice([*self.acme.tokens, self.globex.tokens[0][:-4]]), self.query()
        body = self.body() if method in {"POST", "PATCH"} else None
        if method == "DELETE":
            # Its own keys are needed until the end.
            path = f"{path.rpartition('/')[0]}/{self.random.choice(NOBODY + self.globex.names)}"
        return lambda desk: send(desk, method, path, token, body=body, query=query)

    def _token(self) -> Callable[[Desk], Answer]:
        key = self.random.choice(self.acme.keys)
        if self.random.random() < 0.3:
            key = Key(self.random.choice(self.globex.keys).client_id, key.secret, "", "")
        scope = self.random.choice(["", "banks:read", "customers:read nonsense:read"])
        path = self.random.choice(["/oauth/token"] * 4 + ["/oauth/introspect", "/oauth/revoke"])
        sent = {"client_id": key.client_id, "client_secret": key.secret}
        more = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        if path != "/oauth/token":
            more = {"token": self.random.choice([self.globex.tokens[1], self.acme.tokens[0][:-3], "nothing"])}
        body = urlencode({**sent, **more}).encode()
        form = (b"content-type", b"application/x-www-form-urlencoded")
        return lambda desk: desk.request(path, [form], method="POST", body=body)


NOBODY = [guids.new(), new_client_id(), "null", "%", "0" * 32]


@pytest.fixture
def worlds(postgres: Postgres | None, tmp_path: Path, settings: Settings) -> Iterator[tuple[Desk, Desk]]:
    """Two servers with one master key, each on a database of its own."""
    with ExitStack() as stack:
        desks = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            url = stack.enter_context(fresh_database(postgres, folder))
            chosen = settings.model_copy(update={"database_url": type(settings.database_url)(url)})
            made = stack.enter_context(app_on(without_token_limits(chosen)))
            desks.append(made)
        with time_machine.travel(clock.now(), tick=False):
            yield stack.enter_context(open_desk(desks[0])), stack.enter_context(open_desk(desks[1]))


def live(desk: Desk, globex: Tenant, chosen: random.Random) -> None:
    """What Globex does meanwhile, from where it is."""
    body = {"type": "individual", "labels": ["label0"]}
    match chosen.randrange(4):
        case 0:
            desk.ask(chosen.choice(globex.keys), peer=GLOBEX_ADDRESS)
        case 1:
            wrong = chosen.choice(globex.keys)
            desk.ask(Key(wrong.client_id, wrong.secret[:-1] + "!", "", ""), peer=GLOBEX_ADDRESS)
        case 2:
            send(desk, "POST", "/api/customers", chosen.choice(globex.tokens[1:3]), body=body)
        case _:
            send(desk, "PATCH", f"/api/banks/{globex.banks[0]}", globex.tokens[0], body={"name": f"{chosen.random()}"})


def compare(worlds: tuple[Desk, Desk], steps: int) -> set[int]:
    """Ask in both; the statuses that were heard."""
    alone, beside = worlds
    acme = enter(alone, "Acme")
    Base.of(alone.store).restore(beside.store)
    beside.ostiary.keys.refresh()
    globex = enter(beside, "Globex")
    choices = Choices(random.Random(11), acme, globex)  # noqa: S311 - no secret
    meanwhile = random.Random(12)  # noqa: S311 - no secret
    names = {*acme.names, *globex.names, *NOBODY}
    here, there = Heard(names), Heard(names)
    statuses = set()
    for _ in range(steps):
        step = choices.step()
        live(beside, globex, meanwhile)
        one, two = here.of(step(alone)), there.of(step(beside))
        assert one == two, "Acme hears of Globex"
        statuses.add(one[0])
    return statuses


def test_hears_the_same_whatever_others_have_and_do(
    worlds: tuple[Desk, Desk], count: Callable[[int, int], int]
) -> None:
    assert {200, 201, 400, 401, 404} <= compare(worlds, count(300, 10_000))


def test_would_hear_of_others_without_a_predicate(worlds: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "visible_to", lambda _: select(Customer).options(selectinload(Customer.labels)))
    with pytest.raises(AssertionError, match="Acme hears of Globex"):
        compare(worlds, 300)
