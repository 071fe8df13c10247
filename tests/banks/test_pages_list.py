"""The list of banks: found by name and guid, page after page, and nobody else's among them."""

import datetime as dt

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.banks import pages
from ostiary.banks import service as banks
from ostiary.banks.models import Bank
from tests.applications.reading import read
from tests.people import OPERATOR, Cast, add_bank


def test_lists_banks_with_what_tells_them_apart(alice: TestClient, cast: Cast) -> None:
    vault = add_bank(cast.store, cast.acme, "Vault", is_production=True)
    page = read(alice.get("/banks"))
    assert page.links["North"] == f"/banks/{cast.north}"
    assert page.has("button", **{"data-copies": f"guid-{vault}"})
    assert vault in page.text
    assert "Production United States USD" in page.text
    assert page.text.index("Vault") < page.text.index("South") < page.text.index("North")
    assert "East" not in page.text
    assert cast.east not in page.text


def test_shows_a_country_by_its_code_when_the_list_forgets_it(alice: TestClient, cast: Cast) -> None:
    with cast.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.north).values(supported_country_codes=["AN", "US"]))
    assert "AN, United States" in read(alice.get("/banks")).text


def test_says_which_bank_is_closed(alice: TestClient, cast: Cast) -> None:
    with cast.store.writing() as db:
        banks.close(db, OPERATOR, cast.north)
    assert "Sandbox Closed" in read(alice.get("/banks")).text
    assert "ostiary banks reopen" in read(alice.get(f"/banks/{cast.north}")).text


@pytest.mark.parametrize(
    ("search", "found"),
    [("nor", ["North"]), ("O", ["South", "North"]), ("%", []), ("East", []), ("  south ", ["South"])],
)
def test_finds_banks_by_a_part_of_their_name(alice: TestClient, search: str, found: list[str]) -> None:
    page = read(alice.get("/banks", params={"search": search}))
    assert [name for name in page.links if name in {"North", "South", "East"}] == found
    if not found:
        assert "No bank matches" in page.text


def test_finds_a_bank_by_its_guid(alice: TestClient, cast: Cast) -> None:
    assert "North" in read(alice.get(f"/banks?search={cast.north}")).links
    assert "No bank matches" in read(alice.get(f"/banks?search={cast.east}")).text


def test_goes_through_many_banks_page_by_page(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    born = clock.now()
    for number in range(5):
        add_bank(cast.store, cast.acme, f"Bank {number}")
    with cast.store.writing() as db:
        # Several of one millisecond, so that only the guid tells them apart.
        db.execute(sa.update(Bank).where(Bank.name.startswith("Bank")).values(created_at=born + dt.timedelta(days=1)))
    seen: list[str] = []
    path = "/banks?search=a"
    while path:
        page = read(alice.get(path))
        seen += [name for name in page.links if name.startswith("Bank ")]
        path = page.links.get("Older", "")
    assert seen == [f"Bank {number}" for number in range(4, -1, -1)]
    assert page.links["Newer"] == "/banks?search=a"


def test_takes_a_foreign_bank_for_no_place_in_the_list(alice: TestClient, cast: Cast) -> None:
    assert "North" in read(alice.get(f"/banks?before={cast.east}")).links


def test_invites_to_a_first_bank(cast: Cast) -> None:
    with cast.store.writing() as db:
        db.execute(sa.delete(Bank).where(Bank.organization_guid == cast.acme))
    assert read(cast.signed_in("Alice").get("/banks")).links["New bank"] == "/banks/new"
    viewed = read(cast.signed_in("Bob").get("/banks"))
    assert "Banks are created by owners, administrators and developers." in viewed.text
    assert "New bank" not in viewed.links
