"""The frame around pages: which banks its selector offers, and how it finds the others."""

import re

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.banks.models import Bank
from ostiary.dashboard.frame import MOST_BANKS
from tests.applications.cast import Cast
from tests.people import add_bank

CHOICE = re.compile(r'<li data-choice="([0-9a-f]{32})"><a href="([^"]+)"( aria-current="true")?>')
HTMX = {"HX-Request": "true"}


def offered(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [guid for guid, _, _ in CHOICE.findall(answer.text)]


@pytest.fixture
def many(cast: Cast) -> list[str]:
    """So many that one does not fit, the newest first; North, South and Vault are older still."""
    return [add_bank(cast.ostiary.store, cast.acme, f"Branch {number}") for number in range(MOST_BANKS + 1)][::-1]


def test_lists_every_bank_while_they_are_few(alice: TestClient, cast: Cast) -> None:
    page = alice.get("/overview")
    assert sorted(offered(page)) == sorted([cast.north, cast.south, cast.vault])
    assert "hx-get" not in page.text
    assert "The page of all banks" not in page.text


def test_lists_the_newest_of_many_banks(alice: TestClient, many: list[str]) -> None:
    page = alice.get("/customers")
    assert offered(page) == many[:MOST_BANKS]
    assert 'hx-get="/banks?here=customers"' in page.text
    assert '<a href="/banks">The page of all banks</a>' in page.text


@pytest.mark.usefixtures("many")
def test_always_lists_the_chosen_bank(alice: TestClient, cast: Cast) -> None:
    page = alice.get(f"/customers?bank={cast.north}")
    found = CHOICE.findall(page.text)
    assert found[0] == (cast.north, f"/customers?bank={cast.north}", ' aria-current="true"')
    assert [mark for _, _, mark in found[1:]] == [""] * MOST_BANKS


def test_lists_the_chosen_bank_only_once(alice: TestClient, many: list[str]) -> None:
    assert offered(alice.get(f"/overview?bank={many[3]}")) == many[:MOST_BANKS]


@pytest.mark.usefixtures("many")
def test_finds_banks_that_are_not_listed(alice: TestClient, cast: Cast) -> None:
    found = alice.get(f"/banks?here=developers&search=nOR&bank={cast.south}", headers=HTMX)
    assert CHOICE.findall(found.text) == [(cast.north, f"/developers?bank={cast.north}", "")]
    assert "<h1" not in found.text
    assert offered(alice.get(f"/banks?here=developers&search={cast.south}", headers=HTMX)) == [cast.south]


def test_leads_from_a_bank_that_was_found_to_no_foreign_place(alice: TestClient, cast: Cast) -> None:
    for here in ("//evil.example.com", "settings", ""):
        found = alice.get("/banks", params={"here": here, "search": "North"}, headers=HTMX)
        assert CHOICE.findall(found.text) == [(cast.north, f"/overview?bank={cast.north}", "")]


def test_finds_nobody_elses_bank(alice: TestClient, cast: Cast) -> None:
    for search in ("East", cast.east):
        assert offered(alice.get("/banks", params={"search": search}, headers=HTMX)) == []


def test_says_in_the_list_which_bank_is_closed(alice: TestClient, cast: Cast) -> None:
    with cast.ostiary.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.north).values(closed_at=clock.now()))
    entries = alice.get("/overview").text.split("<li data-choice=")
    assert ["Closed" in entry.partition("</li>")[0] for entry in entries if cast.north in entry[:40]] == [True]
