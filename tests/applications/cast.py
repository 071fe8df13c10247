"""Who works with keys: Acme owns North, South and Vault, which is production; Globex owns East."""

import datetime as dt
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications import service
from ostiary.applications.models import Application, ApplicationKind, ApplicationUsage
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.settings import Settings
from ostiary.users.models import Role, UserSession
from ostiary.web.schemas import read_as
from tests import people
from tests.applications.reading import read
from tests.durability.direct import OPERATOR, Office

SECRET = re.compile(r"ost_(?:sandbox|production|org)_[0-9A-Za-z]{49}")
CLIENT_ID = re.compile(r"ostid_[0-9A-Za-z]{38}")
SHOWN_AT = re.compile(r"/developers/keys/([0-9a-f]{32})/shown")


@dataclass(frozen=True)
class Shown:
    """A pair, as the page showed it."""

    guid: str
    client_id: str
    secret: str


@dataclass
class Cast:
    ostiary: Ostiary
    settings: Settings
    office: Office
    north: str = ""
    south: str = ""
    vault: str = ""
    east: str = ""
    acme: str = ""
    globex: str = ""

    def __post_init__(self) -> None:
        with self.ostiary.store.writing() as db:
            self.acme, self.globex = people.put_organization(db, "Acme"), people.put_organization(db, "Globex")
            self.north, self.south = people.put_bank(db, self.acme, "North"), people.put_bank(db, self.acme, "South")
            self.vault, self.east = people.put_bank(db, self.acme, "Vault"), people.put_bank(db, self.globex, "East")
            banks.promote(db, OPERATOR, self.vault)

    def person(self, name: str, role: Role, organization_guid: str = "") -> TestClient:
        """Somebody who is signed in, in a browser of their own."""
        person = people.add_person(self.ostiary.store, name, organization_guid or self.acme, role)
        return people.signed_in(self.ostiary, self.settings, person)

    def browser(self, word: str) -> TestClient:
        return people.browser(self.ostiary, self.settings, word)

    def key(self, bank_guid: str, name: str = "Till", *addresses: str) -> Application:
        """A key that the operator made, with a long life before it."""
        guid = self.find(self.office.key(bank_guid, name, *addresses).client_id).guid
        self.set(guid, expires_at=clock.now() + dt.timedelta(days=90))
        return self.find(guid)

    def find(self, client_id: str) -> Application:
        named = sa.or_(Application.client_id == client_id, Application.guid == client_id)
        with self.ostiary.store.reading() as db:
            return db.scalars(sa.select(Application).where(named)).one()

    def keys(self) -> int:
        with self.ostiary.store.reading() as db:
            return db.scalars(sa.select(sa.func.count()).select_from(Application)).one()

    def was_used(
        self, guid: str, ago: dt.timedelta = dt.timedelta(), address: str = "10.0.0.1", times: int = 1
    ) -> None:
        self.set(guid, last_used_at=clock.now() - ago, last_used_from=address)
        self.count(guid, "token_issued", times, ago)

    def count(self, guid: str, outcome: str, times: int = 1, ago: dt.timedelta = dt.timedelta()) -> None:
        hour = (clock.now() - ago).replace(minute=0, second=0, microsecond=0)
        with self.ostiary.store.writing() as db:
            db.add(ApplicationUsage(hour=hour, application_guid=guid, outcome=outcome, count=times))

    def set(self, guid: str, **values: object) -> None:
        """What takes days to happen by itself."""
        with self.ostiary.store.writing() as db:
            db.execute(sa.update(Application).where(Application.guid == guid).values(**values))

    def last_seen(self, browser: TestClient) -> dt.datetime:
        digest = hashlib.sha256(browser.cookies["ostiary"].encode()).digest()
        with self.ostiary.store.reading() as db:
            return db.scalars(sa.select(UserSession.last_seen_at).where(UserSession.id_digest == digest)).one()

    def rename(self, guid: str, name: str) -> None:
        """Somebody else does, meanwhile."""
        with self.ostiary.store.writing() as db:
            service.update(db, OPERATOR, ApplicationKind.BANK, guid, read_as(ApplicationChanges, name=name))

    def replace(self, guid: str) -> Application:
        with self.ostiary.store.writing() as db:
            pair = service.replace(db, OPERATOR, self.office.house.digester, ApplicationKind.BANK, guid)
        return pair.application


def form_at(browser: TestClient, path: str, **typed: str) -> dict[str, str]:
    """The form of a page, with what somebody types into it."""
    return read(browser.get(path)).fields | typed


def generate(browser: TestClient, path: str, **typed: str) -> Response:
    return browser.post(path, data=form_at(browser, path, **typed))


def shown_in(answer: Response) -> Shown:
    assert answer.status_code == 200, answer.text[-3000:]
    found = [pattern.findall(answer.text) for pattern in (SHOWN_AT, CLIENT_ID, SECRET)]
    assert all(found), answer.text[-3000:]
    return Shown(*(each[0] for each in found))


def token(cast: Cast, pair: Shown, **more: str) -> Mapping[str, object]:
    """What the token endpoint says to the pair; and what was counted is written down."""
    body = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    answer: Mapping[str, object] = cast.browser("").post("/oauth/token", data=body | more).json()
    cast.ostiary.usage.write(cast.ostiary.store)
    return answer


def words(browser: TestClient, path: str, status: int = 200) -> str:
    return read(browser.get(path), status).text


def both_at_once(send: Callable[[], Response]) -> list[Response]:
    answers: list[Response] = []
    threads = [threading.Thread(target=lambda: answers.append(send())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
