"""One customer: what everybody may see of it, and who it is for those who may know that."""

import json

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary.crypto import guids
from ostiary.customers.models import Customer, CustomerState
from ostiary.users.models import Role
from tests.applications.reading import read
from tests.customers.cast import ADA, INITECH, Cast

PERSONAL = ("Lovelace", "Analytical", "ada@example.com", "+44 20", "1990-12-10", "P-4711")
XSS = "<img src=x onerror=alert(1)>"


def test_shows_what_a_customer_is(alice: TestClient, cast: Cast) -> None:
    guid = cast.customer(cast.north, **ADA)
    page = read(alice.get(f"/customers/{guid}"))
    assert page.has("button", **{"data-copies": "copy-customer-guid"})
    for words in (guid, "Individual customer", "It is being recorded", "North Sandbox", "vip"):
        assert words in page.text
    assert page.links["North"] == f"/banks/{cast.north}"


def test_shows_who_a_customer_is(alice: TestClient, cast: Cast) -> None:
    ada = read(alice.get(f"/customers/{cast.customer(cast.north, **ADA)}")).text
    assert "Name Ada King Lovelace Date of birth 1990-12-10 Address 12 Analytical Way N1 9GU London GB" in ada
    assert "Email ada@example.com Phone +44 20 7946 0000 Passport P-4711 (GB)" in ada
    initech = read(alice.get(f"/customers/{cast.customer(cast.north, **INITECH)}")).text
    assert "Name Initech Also known as Initrode Website https://initech.example.com" in initech


def test_says_that_no_personal_data_was_sent(alice: TestClient, cast: Cast) -> None:
    assert "None was sent with this customer." in read(alice.get(f"/customers/{cast.customer(cast.north)}")).text


def test_knows_nobody_by_a_guid_with_a_nul(alice: TestClient, cast: Cast) -> None:
    """PostgreSQL would refuse to look for it."""
    assert alice.get(f"/customers/{cast.customer(cast.north)}%00").status_code == 404


@pytest.mark.parametrize(
    ("role", "place", "sees"),
    [
        (Role.OWNER, "north", True),
        (Role.OWNER, "vault", True),
        (Role.ADMINISTRATOR, "vault", True),
        (Role.DEVELOPER, "north", True),
        (Role.DEVELOPER, "vault", False),
        (Role.VIEWER, "north", False),
        (Role.VIEWER, "vault", False),
    ],
)
def test_shows_personal_data_to_whoever_may_see_it_there(cast: Cast, role: Role, place: str, *, sees: bool) -> None:
    cast.join("Carol", role)
    answer = cast.signed_in("Carol").get(f"/customers/{cast.customer(getattr(cast, place), **ADA)}")
    assert answer.status_code == 200
    assert [words in answer.text for words in PERSONAL] == [sees] * len(PERSONAL)
    told = "owners and administrators only" if place == "vault" else "owners, administrators and developers only"
    assert (told in answer.text) is not sees


def test_shows_the_customer_as_the_api_does(alice: TestClient, bob: TestClient, cast: Cast) -> None:
    guid = cast.customer(cast.north, **ADA)
    token = cast.office.key(cast.north, "Reader")
    body = {"grant_type": "client_credentials", "client_id": token.client_id, "client_secret": token.secret}
    stranger = cast.stranger()
    said = stranger.post("/oauth/token", data=body).json()
    bearer = {"Authorization": f"Bearer {said['access_token']}"}
    for browser, query in ((alice, "?include_pii=true"), (bob, "")):
        html = browser.get(f"/customers/{guid}").text
        raw = html.partition('<code id="raw-json">')[2].partition("</code>")[0].replace("&#34;", '"')
        assert json.loads(raw) == stranger.get(f"/api/customers/{guid}{query}", headers=bearer).json()


@pytest.mark.parametrize("state", list(CustomerState))
def test_says_what_a_state_means(alice: TestClient, cast: Cast, state: CustomerState) -> None:
    guid = cast.customer(cast.north)
    with cast.store.writing() as db:
        db.execute(sa.update(Customer).where(Customer.guid == guid).values(state=state))
    page = read(alice.get(f"/customers/{guid}"))
    assert state.capitalize() in page.text
    assert state.capitalize() in read(alice.get("/customers")).text


def test_tells_which_key_made_a_customer(alice: TestClient, cast: Cast) -> None:
    key = cast.key_named(cast.north, "Till")
    page = read(alice.get(f"/customers/{cast.customer_by(key, cast.north)}"))
    assert "Till created the customer type: individual 10.0.0.1" in page.text
    assert page.links["Till"] == f"/developers/keys/{key}"


def test_knows_no_customer_of_another_organization(alice: TestClient, cast: Cast) -> None:
    theirs, nobodys = cast.customer(cast.east, **ADA), guids.new()
    shown, missing = alice.get(f"/customers/{theirs}"), alice.get(f"/customers/{nobodys}")
    assert shown.status_code == missing.status_code == 404
    assert shown.text.replace(theirs, "") == missing.text.replace(nobodys, "")


def test_shows_markup_in_customers_as_text(alice: TestClient, cast: Cast) -> None:
    guid = cast.customer(
        cast.north,
        **ADA
        | {
            "name": {"first": XSS, "last": XSS},
            "address": {"street": XSS, "city": XSS, "country_code": "GB"},
            "labels": [XSS],
            "email_address": XSS,
            "phone_number": XSS,
        },
    )
    for path in (f"/customers/{guid}", "/customers"):
        shown = alice.get(path).text
        assert "<img" not in shown
        assert "&lt;img src=x onerror=alert(1)&gt;" in shown
