"""The list of customers: the newest first, page after page, filtered, and nobody else's among them."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.crypto import guids
from ostiary.customers import pages, service
from ostiary.customers.models import Customer
from ostiary.customers.queries import CustomerSearch
from ostiary.users.models import Role
from tests.applications.reading import read
from tests.customers.cast import Cast
from tests.people import actor_of

SHOWN = re.compile(r'href="/customers/([0-9a-f]{32})')


def listed(browser: TestClient, query: str = "") -> list[str]:
    answer = browser.get(f"/customers{query}")
    assert answer.status_code == 200
    return SHOWN.findall(answer.text)


def test_lists_the_newest_first(alice: TestClient, cast: Cast) -> None:
    made = [cast.customer(cast.north), cast.customer(cast.south), cast.customer(cast.north)]
    cast.customer(cast.east)
    assert listed(alice) == made[::-1]


def test_shows_what_tells_customers_apart(alice: TestClient, cast: Cast) -> None:
    guid = cast.customer(cast.north, type="business", labels=["vip", "berlin"])
    page = read(alice.get("/customers"))
    assert page.has("button", **{"data-copies": f"guid-{guid}"})
    assert f"{guid} Copy vip berlin Business Storing North Sandbox" in page.text


def test_lists_one_bank(alice: TestClient, cast: Cast) -> None:
    mine = cast.customer(cast.south)
    cast.customer(cast.north)
    assert listed(alice, f"?bank={cast.south}") == [mine]
    page = read(alice.get(f"/customers?bank={cast.south}"))
    assert page.links["Show those of every bank"] == "/customers"


def test_takes_a_foreign_bank_for_none(alice: TestClient, cast: Cast) -> None:
    mine = cast.customer(cast.south)
    cast.customer(cast.east)
    assert listed(alice, f"?bank={cast.east}") == listed(alice, f"?bank={guids.new()}") == [mine]


def test_finds_nobody_in_a_foreign_bank(cast: Cast) -> None:
    cast.customer(cast.east)
    alice = actor_of(cast["Alice"], Role.OWNER)
    with cast.store.reading() as db:
        found = service.newest(db, alice, CustomerSearch(bank_guid=cast.east), before="", size=10)
    assert found.rows == []


def test_filters_by_type(alice: TestClient, cast: Cast) -> None:
    person, company = cast.customer(cast.north), cast.customer(cast.north, type="business")
    assert listed(alice, "?type=business") == [company]
    assert listed(alice, f"?type=individual&bank={cast.north}") == [person]
    assert listed(alice, "?type=robot") == [company, person]


def test_finds_a_customer_by_its_guid(alice: TestClient, cast: Cast) -> None:
    wanted, _ = cast.customer(cast.north), cast.customer(cast.north)
    spelled = f"{wanted[:8]}-{wanted[8:12]}-{wanted[12:16]}-{wanted[16:20]}-{wanted[20:]}".upper()
    assert listed(alice, f"?guid={wanted}") == listed(alice, f"?guid=%20{spelled}") == [wanted]
    page = read(alice.get(f"/customers?guid={wanted}&bank={cast.south}"))
    assert "No customer matches" in page.text
    assert page.links["Look in all banks"] == f"/customers?guid={wanted}"


def test_finds_no_customer_of_another_organization(alice: TestClient, cast: Cast) -> None:
    theirs, nobodys = cast.customer(cast.east), guids.new()
    shown, missing = alice.get(f"/customers?guid={theirs}"), alice.get(f"/customers?guid={nobodys}")
    assert "No customer matches" in read(shown).text
    assert shown.text.replace(theirs, "") == missing.text.replace(nobodys, "")


@pytest.mark.parametrize("query", ["", "?type=individual", "?bank={north}"])
def test_goes_through_many_customers_page_by_page(
    alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 3)
    made = [cast.customer(cast.north) for _ in range(8)]
    with cast.store.writing() as db:
        # Several of one millisecond, so that only the guid tells them apart.
        db.execute(sa.update(Customer).where(Customer.guid.in_(made[2:6])).values(created_at=clock.now()))
    with cast.store.reading() as db:
        newest_first = db.scalars(sa.select(Customer.guid).order_by(Customer.created_at.desc(), Customer.guid.desc()))
        expected = list(newest_first)
    path, seen = f"/customers{query.format(north=cast.north)}", []
    while path:
        answer = alice.get(path)
        seen.append(SHOWN.findall(answer.text))
        path = read(answer).links.get("Older", "")
    assert [len(found) for found in seen] == [3, 3, 2]
    assert [guid for found in seen for guid in found] == expected
    assert read(answer).links["Newer"] == f"/customers{query.format(north=cast.north)}"


def test_begins_at_the_top_after_a_foreign_customer(alice: TestClient, cast: Cast) -> None:
    mine = cast.customer(cast.north)
    theirs = cast.customer(cast.east)
    with cast.store.writing() as db:
        db.execute(sa.update(Customer).where(Customer.guid == theirs).values(created_at=clock.now() - dt.timedelta(1)))
    assert listed(alice, f"?before={theirs}") == listed(alice, f"?before={guids.new()}") == [mine]


def test_shows_how_the_first_customer_is_made(alice: TestClient, cast: Cast) -> None:
    page = read(alice.get("/customers"))
    assert "There is no customer yet" in page.text
    assert f"{cast.settings.issuer}/api/customers" in page.text
    assert '{"type": "individual"}' in page.text
    assert "North has no customer yet" in read(alice.get(f"/customers?bank={cast.north}")).text


def test_lets_a_viewer_look(bob: TestClient, cast: Cast) -> None:
    guid = cast.customer(cast.north)
    assert listed(bob) == [guid]
