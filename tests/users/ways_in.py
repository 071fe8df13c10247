"""What people do at the pages that let them in, and what those pages leave behind."""

import re
from collections.abc import Mapping
from html import unescape
from typing import TypeVar

import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary.db.model import Model
from ostiary.db.store import Store
from ostiary.events.models import Event
from ostiary.users.models import Membership, OneTimeLink, User, UserSession
from tests.people import Cast

M = TypeVar("M", bound=Model)

PASSWORD = "wild otter sings green"
OTHER_PASSWORD = "seven quiet lanterns drift"
WRONG = "not the password at all"
LINK = re.compile(r'id="invite-link"[^>]*>([^<]+)<')
# The refusal of a form, and what is wrong with one field.
PROBLEM = re.compile(r'role="alert".*?<p>(.*?)</p>', re.DOTALL)
FIELD_ERROR = re.compile(r'class="field-error".*?<span>(.*?)</span>', re.DOTALL)


def sign_in(browser: TestClient, email: str, password: str = PASSWORD, **more: str) -> Response:
    return browser.post("/sign-in", data={"email": email, "password": password, **more})


def is_in(browser: TestClient) -> bool:
    return browser.get("/settings/account").status_code == 200


def invite(browser: TestClient, cast: Cast, email: str, role: str = "viewer", organization_guid: str = "") -> Response:
    form = {"email": email, "role": role, "organization_guid": organization_guid or cast.acme}
    return browser.post("/team/invitations", data=form)


def link_in(answer: Response) -> str:
    """The path of the link that a page shows."""
    found = LINK.search(answer.text)
    assert answer.status_code == 200, answer.text
    assert found, answer.text
    return "/join/" + found[1].rpartition("/join/")[2]


def invited(cast: Cast, email: str, role: str = "viewer", by: str = "Alice") -> str:
    person = cast[by]
    return link_in(invite(cast.signed_in(by), cast, email, role, person.organization_guid))


def join(browser: TestClient, link: str, name: str = "Eve", password: str = PASSWORD) -> Response:
    return browser.post(link, data={"name": name, "password": password})


def problem_in(answer: Response) -> str:
    found = PROBLEM.search(answer.text)
    return unescape(found[1]) if found else ""


def errors_in(answer: Response) -> list[str]:
    return [unescape(each) for each in FIELD_ERROR.findall(answer.text)]


def users(store: Store) -> Mapping[str, User]:
    return {each.email: each for each in _all(store, User)}


def members(store: Store, organization_guid: str) -> Mapping[str, Membership]:
    return {each.email: each for each in _all(store, Membership) if each.organization_guid == organization_guid}


def sessions(store: Store) -> list[UserSession]:
    return _all(store, UserSession)


def links(store: Store) -> list[OneTimeLink]:
    return _all(store, OneTimeLink)


def events(store: Store, event_type: str) -> list[Event]:
    found = [each for each in _all(store, Event) if each.event_type == event_type]
    return sorted(found, key=lambda each: each.guid)


def set_user(store: Store, guid: str, **values: object) -> None:
    with store.writing() as db:
        db.execute(sa.update(User).where(User.guid == guid).values(**values))


def _all(store: Store, model: type[M]) -> list[M]:
    with store.reading() as db:
        return list(db.scalars(sa.select(model)))
