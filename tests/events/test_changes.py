"""Every change says who did what, to what, from where and when, in the transaction that makes it."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications import service as applications
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.events.models import Event
from ostiary.organizations import service as organizations
from ostiary.organizations.models import Organization
from ostiary.organizations.schemas import OrganizationChanges
from ostiary.web.schemas import read_as
from tests.oauth.desk import OPERATOR, Answer, Desk, open_desk

SOMEWHERE = "203.0.113.9"
JSON = (b"content-type", b"application/json")


@dataclass
class Scene:
    """Acme and its bank North, a customer of North, and what the trail says of them from now on."""

    desk: Desk
    customer: str = ""
    seen: int = 0

    def __post_init__(self) -> None:
        self.tokens = {name: self.desk.token(getattr(self.desk, name)) for name in ("acme", "north")}
        self.customer = self.send("north", "POST", "/api/customers", type="individual").json["guid"]
        self.new_events()

    def send(self, who: str, method: str, path: str, **body: object) -> Answer:
        headers = [(b"authorization", f"Bearer {self.tokens[who]}".encode()), JSON]
        return self.desk.request(path, headers, method=method, body=json.dumps(body).encode(), peer=SOMEWHERE)

    def new_events(self) -> list[Event]:
        """What was recorded since the last look."""
        with self.desk.store.reading() as db:
            every = list(db.scalars(sa.select(Event).order_by(Event.created_at, Event.guid)))
        fresh, self.seen = every[self.seen :], len(every)
        return fresh

    def find(self, client_id: str) -> Application:
        with self.desk.store.reading() as db:
            return db.scalars(sa.select(Application).where(Application.client_id == client_id)).one()

    def path(self, text: str) -> str:
        north = self.desk.north
        return text.format(organization=north.organization_guid, bank=north.bank_guid, customer=self.customer)


@pytest.fixture
def scene(ostiary: Ostiary) -> Iterator[Scene]:
    with open_desk(ostiary) as desk:
        yield Scene(desk)


NEW_BANK: dict[str, object] = {
    "type": "sandbox",
    "name": "South",
    "supported_trading_symbols": [],
    "supported_fiat_account_assets": ["USD"],
    "supported_country_codes": ["US"],
    "features": ["kyc_identity_verifications", "individual_customers"],
}
BY_PROGRAMS: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "organization.updated": ("acme", "PATCH", "/api/organizations/{organization}", {"name": "Acme & Sons"}),
    "bank.created": ("acme", "POST", "/api/banks", NEW_BANK),
    "bank.updated": ("north", "PATCH", "/api/banks/{bank}", {"name": "North Star"}),
    "customer.created": ("north", "POST", "/api/customers", {"type": "business", "labels": ["vip"]}),
    "customer.updated": ("north", "PATCH", "/api/customers/{customer}", {"state": "unverified"}),
}
FACTS: dict[str, dict[str, object]] = {
    "organization.updated": {"name": ["Acme", "Acme & Sons"]},
    "bank.created": {"name": "South", "type": "sandbox"},
    "bank.updated": {"name": ["North", "North Star"]},
    "customer.created": {"type": "business"},
    "customer.updated": {"state": ["storing", "unverified"]},
}


@pytest.mark.parametrize("event_type", BY_PROGRAMS)
def test_records_what_programs_do(scene: Scene, event_type: str) -> None:
    who, method, path, body = BY_PROGRAMS[event_type]
    key = scene.find(getattr(scene.desk, who).client_id)
    answer = scene.send(who, method, scene.path(path), **body)
    assert answer.status in {200, 201}, answer.body
    (event,) = scene.new_events()
    assert (event.event_type, event.object_guid) == (event_type, answer.json["guid"])
    assert (event.actor_subject, event.actor_guid) == (key.kind, key.guid)
    assert event.address == SOMEWHERE
    assert event.facts == FACTS[event_type]
    assert event.organization_guid == scene.desk.acme.organization_guid
    assert event.bank_guid == answer.json.get("bank_guid", answer.json["guid"] if "bank." in event_type else None)
    assert abs(clock.now() - event.created_at) < dt.timedelta(seconds=30)


Change = Callable[[Session, ApplicationKind, str], object]
NEW_LIST = read_as(ApplicationChanges, ip_allowlist=["10.0.0.0/8"])
OF_KEYS: dict[str, tuple[Change, str, dict[str, object]]] = {
    "pause": (lambda db, *key: applications.pause(db, OPERATOR, *key), "credential.updated", {"paused": True}),
    "revoke": (lambda db, *key: applications.revoke(db, OPERATOR, *key), "credential.deleted", {}),
    "allow": (
        lambda db, kind, client_id: applications.update(db, OPERATOR, kind, client_id, NEW_LIST),
        "credential.updated",
        {"ip_allowlist": [[], ["10.0.0.0/8"]]},
    ),
}


@pytest.mark.parametrize("name", OF_KEYS)
@pytest.mark.parametrize("who", ["acme", "north"])
def test_records_what_the_operator_does_to_keys_and_nothing_where_nothing_changes(
    scene: Scene, who: str, name: str
) -> None:
    change, event_type, facts = OF_KEYS[name]
    key = getattr(scene.desk, who)
    for _ in range(2):
        with scene.desk.store.writing() as db:
            change(db, scene.desk.kind(key), key.client_id)
    (event,) = scene.new_events()
    assert (event.event_type, event.facts) == (event_type, facts)
    assert event.object_guid == scene.find(key.client_id).guid
    assert (event.actor_subject, event.actor_guid, event.bank_guid or "") == ("operator", "", key.bank_guid)


def test_records_a_new_key_without_its_secret(scene: Scene) -> None:
    made = scene.desk.key(scene.desk.acme.organization_guid, scene.desk.north.bank_guid, "10.0.0.1")
    (event,) = scene.new_events()
    assert (event.event_type, event.object_guid) == ("credential.created", scene.find(made.client_id).guid)
    assert event.facts["client_id"] == made.client_id
    assert made.secret not in json.dumps(event.facts)


def test_records_what_happens_to_a_bank(scene: Scene) -> None:
    bank_guid = scene.desk.north.bank_guid
    with scene.desk.store.writing() as db:
        for change in (banks.promote, banks.close, banks.reopen):
            change(db, OPERATOR, bank_guid)
            change(db, OPERATOR, bank_guid)
    assert [(event.event_type, event.facts) for event in scene.new_events()] == [
        ("bank.updated", {"type": ["sandbox", "production"]}),
        ("bank.updated", {"closed": True}),
        ("bank.updated", {"closed": False}),
    ]


def test_records_nothing_where_nothing_changes(scene: Scene) -> None:
    for who, method, path, body in (
        ("acme", "PATCH", "/api/organizations/{organization}", {"name": "Acme"}),
        ("north", "PATCH", "/api/banks/{bank}", {"name": "North"}),
        ("north", "PATCH", "/api/banks/{bank}", {}),
    ):
        assert scene.send(who, method, scene.path(path), **body).status == 200
    assert scene.new_events() == []


def test_records_nothing_of_a_request_that_is_refused(scene: Scene) -> None:
    for who, method, path, body, status in (
        ("north", "POST", "/api/banks", NEW_BANK, 401),
        ("acme", "POST", "/api/banks", {**NEW_BANK, "features": []}, 422),
        ("north", "POST", "/api/customers", {"type": "nobody"}, 400),
        ("north", "PATCH", "/api/customers/{bank}", {"state": "unverified"}, 404),
    ):
        assert scene.send(who, method, scene.path(path), **body).status == status
    assert scene.new_events() == []


def test_takes_the_event_back_with_the_change(scene: Scene) -> None:
    def rename_and_fail() -> None:
        with scene.desk.store.writing() as db:
            organizations.update(db, OPERATOR, guid, read_as(OrganizationChanges, name="Never"))
            db.flush()  # both are written, and neither stays
            raise ZeroDivisionError

    guid = scene.desk.acme.organization_guid
    with pytest.raises(ZeroDivisionError):
        rename_and_fail()
    assert scene.new_events() == []
    with scene.desk.store.reading() as db:
        assert db.scalars(sa.select(Organization.name)).one() == "Acme"
