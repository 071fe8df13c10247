"""Switching a bank to production: its page says what stops, and only owners get there, where the server lets them."""

import datetime as dt

import pytest
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import OrganizationUsage
from ostiary.banks.models import BankType
from ostiary.crypto import guids
from ostiary.dashboard import promotion
from ostiary.settings import Settings
from ostiary.users.models import Role
from tests.applications.cast import Cast, words
from tests.applications.reading import error_at, read
from tests.banks.filling import bank_at


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server whose operator lets owners switch banks to production."""
    return settings.model_copy(update={"owners_may_promote": True})


def path_of(guid: str) -> str:
    return f"/banks/{guid}/promotion"


def test_leads_from_the_bank_to_what_will_happen(alice: TestClient, cast: Cast) -> None:
    assert read(alice.get(f"/banks/{cast.north}")).links["Switch to production"] == path_of(cast.north)
    assert "Switch to production" not in read(alice.get(f"/banks/{cast.vault}")).links


def test_names_the_keys_that_will_be_refused(alice: TestClient, cast: Cast) -> None:
    till = cast.key(cast.north, "Till")
    cast.was_used(till.guid, dt.timedelta(minutes=5), "198.51.100.9")
    cast.key(cast.north, "Never used")
    cast.key(cast.north, "Careful", "10.0.0.1")
    cast.key(cast.south, "Southern")
    cast.set(cast.key(cast.north, "Revoked").guid, revoked_at=clock.now())
    cast.set(cast.key(cast.north, "Expired").guid, expires_at=clock.now() - dt.timedelta(days=1))
    page = read(alice.get(path_of(cast.north)))
    assert "Till , last used 5 minutes ago from 198.51.100.9 Never used , never used" in page.text
    assert page.links["Till"] == f"/developers/keys/{till.guid}/edit"
    for name in ("Careful", "Southern", "Revoked", "Expired"):
        assert name not in page.text


def test_names_no_more_keys_than_anybody_reads(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotion, "MOST_NAMED", 2)
    for number in range(3):
        cast.key(cast.north, f"Till {number}")
    page = read(alice.get(path_of(cast.north)))
    assert page.links["look through all keys of this bank"] == f"/developers?bank={cast.north}"
    assert sum(name.startswith("Till") for name in page.links) == 2


def test_counts_the_tokens_that_stop(alice: TestClient, cast: Cast) -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    place = {"organization_guid": cast.acme, "bank_guid": cast.north, "outcome": "token_issued"}
    with cast.ostiary.store.writing() as db:
        db.add(OrganizationUsage(hour=hour, count=1_234, **place))
        db.add(OrganizationUsage(hour=hour - dt.timedelta(hours=9), count=1, **place))
    assert "1,234 were made in the last 8 hours" in words(alice, path_of(cast.north))
    assert "New tokens live 30 minutes instead of 8 hours." in words(alice, path_of(cast.north))


def test_switches_a_bank_once_it_is_told_to(alice: TestClient, cast: Cast) -> None:
    asked = alice.post(path_of(cast.north), data={})
    assert error_at(asked, "confirmed") == "Tick the box, so that nothing happens by accident."
    assert asked.status_code == 422
    assert bank_at(cast.ostiary.store, cast.north).type == BankType.SANDBOX
    answer = alice.post(path_of(cast.north), data={"confirmed": "yes"})
    assert answer.headers["location"] == f"/banks/{cast.north}?done=bank-promoted"
    assert "It is a production bank now." in words(alice, answer.headers["location"])
    assert bank_at(cast.ostiary.store, cast.north).is_production
    assert "It is a production bank already." in words(alice, path_of(cast.north))


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DEVELOPER, Role.VIEWER])
def test_lets_only_owners_switch(cast: Cast, role: Role) -> None:
    browser = cast.person("Carol", role)
    assert "An owner of Acme can switch this bank to production." in words(browser, f"/banks/{cast.north}")
    assert browser.get(path_of(cast.north)).status_code == 403
    assert browser.post(path_of(cast.north), data={"confirmed": "yes"}).status_code == 403
    assert bank_at(cast.ostiary.store, cast.north).type == BankType.SANDBOX


def test_knows_no_bank_of_another_organization(alice: TestClient, cast: Cast) -> None:
    nobodys = guids.new()
    for ask in (alice.get, lambda path: alice.post(path, data={"confirmed": "yes"})):
        theirs, missing = ask(path_of(cast.east)), ask(path_of(nobodys))
        assert theirs.status_code == missing.status_code == 404
        assert theirs.text.replace(cast.east, "") == missing.text.replace(nobodys, "")
    assert bank_at(cast.ostiary.store, cast.east).type == BankType.SANDBOX
