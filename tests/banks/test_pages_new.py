"""Creating a bank: usual values, a message at each field that is wrong, and one bank however often the form arrives."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.events.models import Event
from ostiary.settings import Settings
from ostiary.users.models import Role
from tests.applications.reading import error_at, read
from tests.apps import app_on
from tests.banks.filling import bank_at, banks_of, fields_of, fill
from tests.people import Cast, signed_in

NEW = "/banks/new"
XSS = '"><script>alert(1)</script>'


@pytest.fixture
def trusting(settings: Settings) -> Iterator[Ostiary]:
    """A server whose operator lets owners switch banks to production."""
    with app_on(settings.model_copy(update={"owners_may_promote": True})) as made:
        yield made


def created(answer: Response) -> str:
    assert answer.status_code == 303, answer.text[-3000:]
    path, _, query = answer.headers["location"].partition("?")
    guid = path.removeprefix("/banks/")
    assert query == f"bank={guid}&done=bank-created"
    return guid


def test_proposes_what_most_people_begin_with(alice: TestClient) -> None:
    fields = fields_of(read(alice.get(NEW)))
    assert (fields["type"], fields["name"], fields["cors_allowed_origins"]) == ("sandbox", "", "")
    assert (fields["supported_country_codes"], fields["supported_fiat_account_assets"]) == ("US", "USD")
    assert fields["supported_trading_symbols"] == ["BTC", "USDC"]
    assert set(fields["features"]) == {"individual_customers", "business_customers", "kyc_identity_verifications"}


def test_creates_a_bank_with_everything_that_was_chosen(alice: TestClient, cast: Cast) -> None:
    guid = created(
        fill(
            alice,
            NEW,
            name="Nordbank",
            supported_country_codes="DE",
            supported_fiat_account_assets="EUR",
            supported_trading_symbols=["ETH", "SOL"],
            features=["business_customers", "attestation_identity_records_v3"],
            cors_allowed_origins="https://app.example.com\nhttps://[2001:db8::1]:8443",
        )
    )
    bank = bank_at(cast.store, guid)
    assert (bank.name, bank.type, bank.organization_guid) == ("Nordbank", "sandbox", cast.acme)
    assert (bank.supported_country_codes, bank.supported_fiat_account_assets) == (["DE"], ["EUR"])
    assert bank.supported_trading_symbols == ["ETH-EUR", "SOL-EUR"]
    assert bank.features == ["business_customers", "attestation_identity_records_v3"]
    assert bank.cors_allowed_origins == ["https://app.example.com", "https://[2001:db8::1]:8443"]
    page = read(alice.get(f"/banks/{guid}?bank={guid}&done=bank-created"))
    assert "The bank is there" in page.text


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("name", "", "Fill this in."),
        ("name", "   ", "Must not be blank."),
        ("name", "x" * 129, "At most 128 characters."),
        ("name", "a\nb", "Must not contain the character U+000A."),
        ("type", "test", "Choose one of the offered values."),
        ("type", "production", "Production is switched on by the server&#39;s operator: ostiary banks promote."),
        ("supported_country_codes", "XX", "Choose one of the offered countries."),
        ("supported_country_codes", "", "Choose one of the offered countries."),
        ("supported_fiat_account_assets", "BTC", "Choose one of the offered currencies."),
        ("supported_trading_symbols", ["BTC", "GOLD"], "GOLD-USD cannot be traded here."),
        ("features", ["individual_customers"], "Choose a way to know who customers are."),
        (
            "features",
            ["kyc_identity_verifications"],
            "Choose individual customers, business customers, or both.",
        ),
        ("features", ["free_money"], "Choose one of the offered values."),
        (
            "cors_allowed_origins",
            "https://ok.example.com\nhttp://no.example.com",
            "http://no.example.com is no origin: write https and a host, perhaps a port, and nothing behind it.",
        ),
    ],
)
def test_says_at_the_field_what_is_wrong_and_keeps_the_rest(
    alice: TestClient, cast: Cast, name: str, typed: str | list[str], sentence: str
) -> None:
    rest = {
        "name": "Nordbank",
        "supported_country_codes": "DE",
        "supported_fiat_account_assets": "USD",
        "supported_trading_symbols": ["ETH"],
        "features": ["business_customers", "kyc_identity_verifications"],
        "cors_allowed_origins": "https://app.example.com",
    }
    answer = fill(alice, NEW, **(rest | {name: typed}))
    assert error_at(answer, name) == sentence
    kept = fields_of(read(answer, answer.status_code))
    assert answer.status_code in {400, 403, 422}
    assert {key: kept[key] for key in rest if key != name} == {key: rest[key] for key in rest if key != name}
    if isinstance(typed, str) and name in {"name", "cors_allowed_origins"}:
        assert kept[name] == typed
    assert len(banks_of(cast.store, cast.acme)) == 2


def test_tells_all_that_is_wrong_at_once(alice: TestClient) -> None:
    answer = fill(alice, NEW, name="x", features=[], supported_country_codes="XX", cors_allowed_origins="*")
    assert error_at(answer, "features").startswith("Choose a way to know who customers are. Choose individual")
    assert error_at(answer, "supported_country_codes")
    assert error_at(answer, "cors_allowed_origins").startswith("* is no origin")


def test_explains_production_and_offers_it_to_nobody(alice: TestClient) -> None:
    page = read(alice.get(NEW))
    assert page.has("input", name="type", value="production", disabled="")
    assert "whoever runs this server switches it on: ostiary banks promote" in page.text


def test_lets_an_owner_create_for_production_where_the_server_does(trusting: Ostiary, settings: Settings) -> None:
    cast = Cast(trusting, settings)
    guid = created(fill(cast.signed_in("Alice"), NEW, name="Vault", type="production"))
    assert bank_at(cast.store, guid).is_production
    with cast.store.reading() as db:
        told = sa.select(Event.event_type, Event.actor_guid).where(Event.object_guid == guid).order_by(Event.guid)
        alice = cast["Alice"].membership_guid
        assert [tuple(row) for row in db.execute(told)] == [("bank.created", alice), ("bank.updated", alice)]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DEVELOPER])
def test_lets_only_owners_create_for_production(trusting: Ostiary, settings: Settings, role: Role) -> None:
    cast = Cast(trusting, settings)
    browser = signed_in(trusting, settings, cast.join("Carol", role))
    page = read(browser.get(NEW))
    assert page.has("input", name="type", value="production", disabled="")
    assert "Owners switch it on: ask one of yours." in page.text
    answer = fill(browser, NEW, name="Vault", type="production")
    assert answer.status_code == 403
    assert error_at(answer, "type") == "Production is switched on by an owner of the organization."
    assert read(answer, 403).fields["name"] == "Vault"
    assert len(banks_of(cast.store, cast.acme)) == 2


def test_makes_one_bank_of_a_form_that_is_sent_twice(alice: TestClient, cast: Cast) -> None:
    sent = {**fields_of(read(alice.get(NEW))), "name": "Once"}
    guid = created(alice.post(NEW, data=sent))
    again = alice.post(NEW, data={**sent, "name": "Twice"})
    assert again.headers["location"] == f"/banks/{guid}?bank={guid}&done=bank-was-created"
    assert "This form had created its bank already" in read(alice.get(again.headers["location"])).text
    assert [bank.name for bank in banks_of(cast.store, cast.acme)] == ["North", "South", "Once"]


def test_makes_one_bank_of_a_form_that_arrives_twice_at_once(alice: TestClient, cast: Cast) -> None:
    sent = {**fields_of(read(alice.get(NEW))), "name": "Once"}
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(alice.post(NEW, data=sent).status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 4
    assert len(banks_of(cast.store, cast.acme)) == 3


def test_keeps_the_word_of_a_form_while_it_is_corrected(alice: TestClient) -> None:
    sent = fields_of(read(alice.get(NEW)))
    corrected = fields_of(read(alice.post(NEW, data=sent), 400))
    assert corrected["word"] == sent["word"]


def test_takes_no_form_without_a_word(alice: TestClient, cast: Cast) -> None:
    answer = fill(alice, NEW, name="Nordbank", word="")
    assert "This form is out of date" in read(answer, 409).text
    assert read(answer, 409).fields["name"] == "Nordbank"
    assert len(banks_of(cast.store, cast.acme)) == 2


def test_asks_again_when_another_tab_looks_at_another_organization(alice: TestClient, cast: Cast) -> None:
    answer = fill(alice, NEW, name="Nordbank", organization_guid=cast.globex)
    assert "You are looking at Acme now" in read(answer, 409).text
    assert len(banks_of(cast.store, cast.acme)) == 2
    assert created(alice.post(NEW, data=fields_of(read(answer, 409))))


def test_lets_developers_create_sandboxes_and_viewers_none(dana: TestClient, bob: TestClient, cast: Cast) -> None:
    sent = {**fields_of(read(dana.get(NEW))), "name": "Nordbank"}
    assert bob.get(NEW).status_code == 403
    assert bob.post(NEW, data=sent).status_code == 403
    assert len(banks_of(cast.store, cast.acme)) == 2
    created(dana.post(NEW, data=sent))


def test_repeats_markup_as_text(alice: TestClient) -> None:
    answer = fill(alice, NEW, name=XSS, cors_allowed_origins=XSS)
    assert "<script>alert" not in answer.text
    assert read(answer, 422).fields["name"] == XSS
    guid = created(fill(alice, NEW, name=XSS))
    for path in (
        "/banks",
        f"/banks/{guid}?bank={guid}",
        f"/banks/{guid}/edit",
        f"/customers?bank={guid}",
        "/start/bank",
    ):
        shown = alice.get(path).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown
