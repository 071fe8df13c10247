"""The organization's settings: its name, who may change it, and what becomes of two changes at once."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary.events.models import Event
from ostiary.organizations import service
from ostiary.organizations.models import Organization
from ostiary.organizations.schemas import OrganizationChanges
from ostiary.users.models import Role
from ostiary.web.schemas import read_as
from tests.applications.reading import error_at, read
from tests.people import OPERATOR, Cast

PATH = "/settings"
XSS = "<script>alert(1)</script>"


def name_of(cast: Cast, guid: str) -> str:
    with cast.store.reading() as db:
        return db.scalars(sa.select(Organization.name).where(Organization.guid == guid)).one()


def rename(cast: Cast, name: str) -> None:
    """Somebody else does, meanwhile."""
    with cast.store.writing() as db:
        service.update(db, OPERATOR, cast.acme, read_as(OrganizationChanges, name=name))


def form(browser: TestClient, **typed: str) -> dict[str, str]:
    return read(browser.get(PATH)).fields | typed


def test_shows_name_and_guid(alice: TestClient, cast: Cast) -> None:
    page = read(alice.get(PATH))
    assert page.fields["name"] == "Acme"
    assert cast.acme in page.text
    assert page.has("button", **{"data-copies": "copy-organization-guid"})
    assert page.links["Your account"] == "/settings/account"


def test_gives_the_organization_another_name(alice: TestClient, cast: Cast) -> None:
    answer = alice.post(PATH, data=form(alice, name="Acme Payments"))
    assert answer.headers["location"] == "/settings?done=organization-renamed"
    page = alice.get(answer.headers["location"])
    assert "The organization has its new name." in read(page).text
    assert name_of(cast, cast.acme) == "Acme Payments"
    with cast.store.reading() as db:
        told = sa.select(Event.facts).where(Event.event_type == "organization.updated")
        assert db.scalars(told).all() == [{"name": ["Acme", "Acme Payments"]}]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("", "Fill this in."), ("  ", "Must not be blank."), ("x" * 129, "At most 128 characters.")],
)
def test_says_at_the_field_what_is_wrong(alice: TestClient, cast: Cast, typed: str, sentence: str) -> None:
    answer = alice.post(PATH, data=form(alice, name=typed))
    assert error_at(answer, "name") == sentence
    assert read(answer, 400).fields["name"] == typed
    assert name_of(cast, cast.acme) == "Acme"


def test_asks_when_somebody_else_was_faster(alice: TestClient, cast: Cast) -> None:
    sent = form(alice, name="Acme Payments")
    rename(cast, "Acme Bank")
    answer = alice.post(PATH, data=sent)
    page = read(answer, 409)
    assert error_at(answer, "name").startswith("Somebody else changed this meanwhile.")
    assert "It is called “Acme Bank” now." in page.text
    assert page.fields["name"] == "Acme Payments"
    assert name_of(cast, cast.acme) == "Acme Bank"
    assert alice.post(PATH, data=page.fields).status_code == 303
    assert name_of(cast, cast.acme) == "Acme Payments"


def test_leaves_a_name_that_only_somebody_else_changed(alice: TestClient, cast: Cast) -> None:
    sent = form(alice)
    rename(cast, "Acme Bank")
    assert alice.post(PATH, data=sent).status_code == 303
    assert name_of(cast, cast.acme) == "Acme Bank"


def test_asks_again_when_another_tab_looks_at_another_organization(alice: TestClient, cast: Cast) -> None:
    answer = alice.post(PATH, data=form(alice, name="Mine", organization_guid=cast.globex))
    assert "You are looking at Acme now" in read(answer, 409).text
    assert (name_of(cast, cast.acme), name_of(cast, cast.globex)) == ("Acme", "Globex")


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_lets_others_look_only(cast: Cast, role: Role) -> None:
    cast.join("Carol", role)
    carol = cast.signed_in("Carol")
    page = read(carol.get(PATH))
    assert "Owners and administrators can change it." in page.text
    assert not page.has("form", method="post")
    sent = {"name": "Mine", "name_seen": "Acme", "organization_guid": cast.acme}
    assert carol.post(PATH, data=sent).status_code == 403
    assert name_of(cast, cast.acme) == "Acme"


def test_shows_markup_in_the_name_as_text(alice: TestClient) -> None:
    alice.post(PATH, data=form(alice, name=XSS))
    for path in (PATH, "/banks", "/start/organization", "/banks/new"):
        shown = alice.get(path).text
        assert XSS not in shown
        assert "&lt;script&gt;" in shown
