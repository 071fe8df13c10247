"""Generating a key: a form that keeps what was typed and counts once, and a secret that is shown once."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications import queries
from ostiary.banks import service as banks
from ostiary.banks.models import Bank
from ostiary.users.models import Role
from tests import people
from tests.applications.cast import SECRET, Cast, both_at_once, form_at, generate, shown_in, token, words
from tests.applications.reading import error_at, read
from tests.durability.direct import OPERATOR

NEW = "/developers/keys/new"


def test_proposes_a_name_and_ninety_days(alice: TestClient, cast: Cast) -> None:
    fields = form_at(alice, f"{NEW}?bank={cast.north}")
    assert fields["name"] == "North key"
    assert fields["expires_at"] == "90"
    assert fields["bank_guid"] == cast.north
    assert form_at(alice, f"{NEW}?kind=organization")["name"] == "Acme key"


def test_proposes_a_name_that_fits(alice: TestClient, cast: Cast) -> None:
    bank = cast.office.bank_of(cast.acme, "N" * 128)
    assert len(form_at(alice, f"{NEW}?bank={bank}")["name"]) <= 128


def test_asks_for_the_bank_when_there_are_several(alice: TestClient, cast: Cast) -> None:
    page = read(alice.get(NEW))
    assert "Which bank is it for?" in page.text
    for bank in (cast.north, cast.south, cast.vault):
        assert page.has("option", value=bank)
    assert not page.has("option", value=cast.east)


def test_takes_the_only_bank_without_asking(mallory: TestClient, cast: Cast) -> None:
    assert form_at(mallory, NEW)["bank_guid"] == cast.east


def test_leads_to_a_new_bank_when_there_is_none(cast: Cast) -> None:
    nowhere = people.add_organization(cast.ostiary.store, "Initech")
    page = read(cast.person("Peter", Role.OWNER, nowhere).get(NEW))
    assert page.links["Create a bank"] == "/banks/new"


@pytest.mark.parametrize(("life", "days"), [("30", 30), ("90", 90), ("180", 180), ("365", 365)])
def test_makes_a_key_that_lives_as_long_as_chosen(alice: TestClient, cast: Cast, life: str, days: int) -> None:
    made = cast.find(shown_in(generate(alice, f"{NEW}?bank={cast.north}", expires_at=life)).guid)
    assert abs(made.expires_at - clock.now() - dt.timedelta(days=days)) < dt.timedelta(minutes=1)


def test_lets_a_key_live_until_the_end_of_a_day(alice: TestClient, cast: Cast) -> None:
    day = (clock.now() + dt.timedelta(days=40)).date()
    pair = shown_in(generate(alice, f"{NEW}?bank={cast.north}", expires_at="date", expires_on=day.isoformat()))
    assert cast.find(pair.guid).expires_at == dt.datetime.combine(day, dt.time(23, 59, 59), clock.UTC)


def test_shows_a_pair_that_works_and_what_to_do_with_it(alice: TestClient, cast: Cast) -> None:
    answer = generate(alice, f"{NEW}?bank={cast.north}", name="Till")
    assert answer.headers["cache-control"] == "no-store"
    pair = shown_in(answer)
    page = read(answer)
    assert page.has("code", id="client-secret")
    assert "This is the only time the secret is shown" in page.text
    assert page.links["I have stored it"] == "/developers" + f"?bank={cast.north}"
    assert page.has("div", **{"hx-get": f"/developers/keys/{pair.guid}/first-token", "hx-trigger": "every 2s"})
    assert len(SECRET.findall(answer.text)) == 1
    assert token(cast, pair)["token_type"] == "Bearer"


def test_makes_organization_keys(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"{NEW}?kind=organization", name="Terraform"))
    assert pair.secret.startswith("ost_org_")
    assert "bank_guid" not in form_at(alice, f"{NEW}?kind=organization")
    made = cast.find(pair.guid)
    assert (made.kind, made.bank_guid, made.organization_guid) == ("organization", None, cast.acme)


@pytest.mark.parametrize(
    ("typed", "name", "message"),
    [
        ({"name": ""}, "name", "Fill this in."),
        ({"name": "x" * 129}, "name", "At most 128 characters."),
        ({"name": "a\u202eb"}, "name", "Must not contain the character U+202E."),
        (
            {"expires_at": "date", "expires_on": ""},
            "expires_at",
            "Choose how long the key lives, or a date as in 2027-03-31.",
        ),
        ({"expires_at": "date", "expires_on": "2020-01-01"}, "expires_at", "Must lie in the future."),
        ({"expires_at": "date", "expires_on": "9999-12-31"}, "expires_at", "Must lie within ten years."),
        (
            {"expires_at": "forever", "expires_on": "soon"},
            "expires_at",
            "Choose how long the key lives, or a date as in 2027-03-31.",
        ),
        (
            {"ip_allowlist": "10.0.0.1\n300.0.0.1"},
            "ip_allowlist",
            "&#39;300.0.0.1&#39; is not an IP address or CIDR range.",
        ),
        ({"ip_allowlist": "0.0.0.0/0"}, "ip_allowlist", "&#39;0.0.0.0/0&#39; is too wide: at least /8 for IPv4."),
    ],
)
def test_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(
    alice: TestClient, cast: Cast, typed: dict[str, str], name: str, message: str
) -> None:
    given = {"name": "Kept", "ip_allowlist": "10.1.1.1"} | typed
    sent = form_at(alice, f"{NEW}?bank={cast.north}", **given)
    answer = alice.post(f"{NEW}?bank={cast.north}", data=sent)
    assert error_at(answer, name) == message
    kept = read(answer, 400).fields
    assert {field: kept.get(field) for field in given} == {
        field: value if field != "expires_at" or value in {"date", "90"} else None for field, value in given.items()
    }
    assert kept["word"] == sent["word"]
    assert cast.keys() == 0


def test_requires_addresses_for_a_production_bank(alice: TestClient, cast: Cast) -> None:
    path = f"{NEW}?bank={cast.vault}"
    page = read(alice.get(path))
    assert "Required for keys of production banks" in page.text
    assert page.has("textarea", name="ip_allowlist", required="")
    answer = generate(alice, path, name="Kept")
    assert error_at(answer, "ip_allowlist") == "A key of a production bank needs at least one address."
    assert read(answer, 422).fields["name"] == "Kept"
    pair = shown_in(generate(alice, path, ip_allowlist="203.0.113.7, 2001:db8::/48"))
    assert cast.find(pair.guid).ip_allowlist == ["203.0.113.7/32", "2001:db8::/48"]


def test_makes_one_key_of_a_form_that_is_sent_twice(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    pair = shown_in(alice.post(NEW, data=sent))
    again = alice.post(NEW, data=sent)
    assert "The secret was already shown" in read(again, 409).text
    assert pair.client_id in again.text
    assert pair.secret not in again.text
    assert cast.keys() == 1


def test_tells_a_repeat_as_such_whatever_has_changed_since(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    shown_in(alice.post(NEW, data=sent))
    with cast.ostiary.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    assert "The secret was already shown" in read(alice.post(NEW, data=sent), 409).text


def test_says_what_to_do_when_the_secret_was_shown(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"{NEW}?bank={cast.north}"))
    answer = alice.get(f"/developers/keys/{pair.guid}/shown")
    page = read(answer)
    assert page.links["Generate New Key"] == NEW
    assert page.links["Revoke this key"] == f"/developers/keys/{pair.guid}/revocation"
    assert pair.secret not in answer.text


def test_sends_a_reload_elsewhere_than_the_form(alice: TestClient, cast: Cast) -> None:
    answer = generate(alice, f"{NEW}?bank={cast.north}")
    pair = shown_in(answer)
    address = f"/developers/keys/{pair.guid}/shown?bank={cast.north}"
    assert read(answer).has("div", **{"data-address": address})
    assert "/static/address.js" in answer.text


def test_makes_one_key_of_a_form_that_arrives_twice_at_once(
    alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    if not cast.ostiary.store.is_sqlite:
        # Neither sees the other's key before both have looked; on SQLite the second has to wait for the first anyway.
        as_always, both_have_looked = queries.find_by_form, threading.Barrier(2)
        calls = iter(range(100))

        def find(*args: object) -> object:
            found = as_always(*args)  # type: ignore[arg-type]
            if next(calls) < 2:
                both_have_looked.wait(10)
            return found

        monkeypatch.setattr(queries, "find_by_form", find)
    word = alice.cookies["ostiary"]
    answers = both_at_once(lambda: cast.browser(word).post(NEW, data=sent))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert sum(len(SECRET.findall(answer.text)) for answer in answers) == 1
    assert cast.keys() == 1
    assert all("The secret was already shown" in answer.text for answer in answers if answer.status_code == 409)


def test_asks_to_look_through_a_form_without_its_word(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}", name="Kept") | {"word": "guess"}
    answer = alice.post(NEW, data=sent)
    page = read(answer, 409)
    assert "This form is out of date: look through it and send it again" in page.text
    assert page.fields["name"] == "Kept"
    shown_in(alice.post(NEW, data=page.fields))


def test_takes_two_peoples_forms_for_two(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    shown_in(alice.post(NEW, data=sent))
    other = cast.person("Anton", Role.ADMINISTRATOR)
    assert shown_in(other.post(NEW, data=sent)).guid
    assert cast.keys() == 2


def test_asks_for_a_bank_when_a_form_names_none(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}") | {"bank_guid": ""}
    answer = alice.post(NEW, data=sent)
    assert "Choose the bank the key is for." in read(answer, 422).text


def test_offers_no_closed_bank(alice: TestClient, cast: Cast) -> None:
    with cast.ostiary.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.south).values(closed_at=clock.now()))
    assert not read(alice.get(NEW)).has("option", value=cast.south)
    assert "South is closed" in words(alice, f"{NEW}?bank={cast.south}")


def test_makes_no_key_in_an_organization_that_another_tab_chose(alice: TestClient, cast: Cast) -> None:
    old_tab = form_at(alice, f"{NEW}?kind=organization") | {"organization_guid": cast.globex, "name": "Robot"}
    answer = alice.post(NEW, data=old_tab)
    page = read(answer, 409)
    assert "You are looking at Acme now" in page.text
    assert page.fields["name"] == "Robot"
    assert cast.keys() == 0
    shown_in(alice.post(NEW, data=page.fields))
    assert cast.keys() == 1
