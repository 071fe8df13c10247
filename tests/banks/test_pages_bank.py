"""One bank: everything it has, what of it can be changed, and by whom."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary.banks import service as banks
from ostiary.banks.schemas import BankChanges
from ostiary.crypto import guids
from ostiary.events.models import Event
from ostiary.web.schemas import read_as
from tests.applications.reading import error_at, read
from tests.banks.filling import bank_at, fields_of, fill
from tests.people import OPERATOR, Cast, add_bank


def edit(guid: str) -> str:
    return f"/banks/{guid}/edit"


def change(cast: Cast, guid: str, **changes: object) -> None:
    """Somebody else does, meanwhile."""
    with cast.store.writing() as db:
        banks.update(db, OPERATOR, guid, read_as(BankChanges, **changes))


def test_shows_everything_a_bank_has(alice: TestClient, cast: Cast) -> None:
    page = read(alice.get(f"/banks/{cast.north}"))
    for words in ("North", cast.north, "United States (US)", "US dollar (USD)", "BTC-USD", "USDC-USD"):
        assert words in page.text
    assert "Identity verification by the platform" in page.text
    assert "no web page may call the platform" in page.text
    assert page.links["Keys"] == f"/developers?bank={cast.north}"
    assert page.links["Customers"] == f"/customers?bank={cast.north}"
    assert page.links["Activity"] == f"/activity?bank={cast.north}"
    assert f"ostiary banks promote {cast.north}" in page.text


@pytest.mark.parametrize("noun", ["", "/edit", "/promotion"])
def test_knows_no_bank_of_another_organization(alice: TestClient, cast: Cast, noun: str) -> None:
    nobodys = guids.new()
    theirs, missing = alice.get(f"/banks/{cast.east}{noun}"), alice.get(f"/banks/{nobodys}{noun}")
    assert theirs.status_code == missing.status_code == 404
    assert theirs.text.replace(cast.east, "") == missing.text.replace(nobodys, "")
    posted = [alice.post(f"/banks/{guid}/edit", data={"name": "Mine"}) for guid in (cast.east, nobodys)]
    assert [answer.status_code for answer in posted] == [404, 404]
    assert bank_at(cast.store, cast.east).name == "East"


def test_changes_what_can_be_changed(alice: TestClient, cast: Cast) -> None:
    typed = {"supported_trading_symbols": ["ETH-USD"], "cors_allowed_origins": "https://app.example.com"}
    answer = fill(alice, edit(cast.north), name="Northern", **typed)
    assert answer.headers["location"] == f"/banks/{cast.north}?done=bank-updated"
    bank = bank_at(cast.store, cast.north)
    assert (bank.name, bank.supported_trading_symbols) == ("Northern", ["ETH-USD"])
    assert bank.cors_allowed_origins == ["https://app.example.com"]
    assert "The bank was changed." in read(alice.get(answer.headers["location"])).text


def test_changes_nothing_where_nothing_was_changed(alice: TestClient, cast: Cast) -> None:
    fill(alice, edit(cast.north), supported_trading_symbols=["USDC-USD", "BTC-USD"])
    with cast.store.reading() as db:
        told = db.scalars(sa.select(Event.event_type).where(Event.object_guid == cast.north)).all()
    assert told == ["bank.created"]


def test_takes_everything_away_that_may_be_missing(alice: TestClient, cast: Cast) -> None:
    change(cast, cast.north, cors_allowed_origins=["https://app.example.com"])
    fill(alice, edit(cast.north), supported_trading_symbols=[], cors_allowed_origins="")
    bank = bank_at(cast.store, cast.north)
    assert (bank.supported_trading_symbols, bank.cors_allowed_origins) == ([], [])
    assert "None: nothing is traded here." in read(alice.get(f"/banks/{cast.north}")).text


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("name", "", "Fill this in."),
        ("supported_trading_symbols", ["BTC-EUR"], "BTC-EUR is not traded against the bank&#39;s fiat asset."),
        ("cors_allowed_origins", "ftp://x", "ftp://x is no origin"),
    ],
)
def test_says_at_the_field_what_is_wrong(
    alice: TestClient, cast: Cast, name: str, typed: str | list[str], sentence: str
) -> None:
    answer = fill(alice, edit(cast.north), **({"name": "Northern"} | {name: typed}))
    assert error_at(answer, name).startswith(sentence)
    kept = fields_of(read(answer, answer.status_code))
    assert kept["name"] == ("" if name == "name" else "Northern")
    assert bank_at(cast.store, cast.north).name == "North"


def test_explains_what_stays(alice: TestClient, cast: Cast) -> None:
    page = read(alice.get(edit(cast.north)))
    assert "For others, create another bank." in page.text
    assert page.links["How it becomes production"] == f"/banks/{cast.north}#production"


def test_keeps_what_somebody_else_changed_meanwhile(alice: TestClient, cast: Cast) -> None:
    form = fields_of(read(alice.get(edit(cast.north))))
    change(cast, cast.north, cors_allowed_origins=["https://app.example.com"])
    assert alice.post(edit(cast.north), data={**form, "name": "Northern"}).status_code == 303
    bank = bank_at(cast.store, cast.north)
    assert (bank.name, bank.cors_allowed_origins) == ("Northern", ["https://app.example.com"])


def test_asks_when_two_people_change_the_same(alice: TestClient, cast: Cast) -> None:
    form = fields_of(read(alice.get(edit(cast.north))))
    change(cast, cast.north, name="Nordic")
    answer = alice.post(edit(cast.north), data={**form, "name": "Northern"})
    page = read(answer, 409)
    assert error_at(answer, "name").startswith("Somebody else changed this meanwhile.")
    assert "Meanwhile somebody named it “Nordic”." in page.text
    assert page.fields["name"] == "Northern"
    assert bank_at(cast.store, cast.north).name == "Nordic"
    assert alice.post(edit(cast.north), data=fields_of(page)).status_code == 303
    assert bank_at(cast.store, cast.north).name == "Northern"


def test_lets_a_developer_change_sandboxes_only(dana: TestClient, cast: Cast) -> None:
    vault = add_bank(cast.store, cast.acme, "Vault", is_production=True)
    assert read(dana.get(f"/banks/{cast.north}")).links["Edit"] == edit(cast.north)
    assert fill(dana, edit(cast.north), name="Northern").status_code == 303
    assert "Edit" not in read(dana.get(f"/banks/{vault}")).links
    assert dana.get(edit(vault)).status_code == 403
    assert dana.post(edit(vault), data={"name": "Mine", "name_seen": "Vault"}).status_code == 403
    assert bank_at(cast.store, vault).name == "Vault"


def test_lets_a_viewer_look_and_nothing_else(bob: TestClient, cast: Cast) -> None:
    page = read(bob.get(f"/banks/{cast.north}"))
    assert "Edit" not in page.links
    assert not page.has("form", method="post")
    assert bob.get(edit(cast.north)).status_code == 403
    assert bob.post(edit(cast.north), data={"name": "Mine"}).status_code == 403


def test_leaves_production_to_the_operator(alice: TestClient, cast: Cast) -> None:
    path = f"/banks/{cast.north}/promotion"
    assert alice.get(path).status_code == 403
    assert alice.post(path, data={"confirmed": "yes"}).status_code == 403
    assert not bank_at(cast.store, cast.north).is_production
