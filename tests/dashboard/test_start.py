"""The guided start: from an account to an organization, a bank and a key, left and resumed, and nothing made twice."""

import threading
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.events.models import Event
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from ostiary.users.models import Membership, Role, UserSession
from tests import people
from tests.applications.cast import shown_in
from tests.applications.reading import error_at, read
from tests.banks.filling import banks_of, fields_of
from tests.people import Person, add_bank, add_organization, add_person

XSS = '"><script>alert(1)</script>'


@pytest.fixture
def nina(ostiary: Ostiary) -> Person:
    """Somebody who has an account and nothing else."""
    return add_person(ostiary.store, "Nina")


@pytest.fixture
def browser(ostiary: Ostiary, settings: Settings, nina: Person) -> TestClient:
    return people.signed_in(ostiary, settings, nina)


def organizations(ostiary: Ostiary) -> Sequence[Organization]:
    with ostiary.store.reading() as db:
        return db.scalars(sa.select(Organization).order_by(Organization.guid)).all()


def memberships(ostiary: Ostiary, user_guid: str) -> Sequence[Membership]:
    with ostiary.store.reading() as db:
        return db.scalars(sa.select(Membership).where(Membership.user_guid == user_guid)).all()


def step(browser: TestClient) -> str:
    """The heading of what the start leads to, as a browser would follow."""
    answer = browser.get("/", follow_redirects=True)
    return answer.text.partition("<h1>")[2].partition("</h1>")[0]


def found(browser: TestClient, name: str = "Initech") -> Response:
    return browser.post("/start/organization", data={"name": name})


def create(browser: TestClient, **typed: str | Sequence[str]) -> Response:
    return browser.post("/start/bank", data={**fields_of(read(browser.get("/start"))), "name": "North", **typed})


def four_at_once(send: Callable[[int], Response]) -> list[Response]:
    answers: list[Response] = []
    threads = [threading.Thread(target=lambda number=number: answers.append(send(number))) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_leads_from_an_account_to_a_key(ostiary: Ostiary, browser: TestClient) -> None:
    assert browser.get("/").headers["location"] == "/start"
    assert read(browser.get("/start")).has("form", action="/start/organization")
    assert found(browser).headers["location"] == "/start"
    assert create(browser).headers["location"] == "/start/keys"
    shown = browser.post("/start/keys", data=read(browser.get("/start/keys")).fields)
    assert shown_in(shown).secret.startswith("ost_sandbox_")
    assert browser.get("/start").headers["location"] == "/overview"
    assert browser.get("/").headers["location"] == "/overview"
    (organization,) = organizations(ostiary)
    assert [bank.name for bank in banks_of(ostiary.store, organization.guid)] == ["North"]


def test_makes_the_founder_its_owner(ostiary: Ostiary, browser: TestClient, nina: Person) -> None:
    found(browser)
    (organization,), (membership,) = organizations(ostiary), memberships(ostiary, nina.user_guid)
    assert (organization.name, membership.organization_guid) == ("Initech", organization.guid)
    assert (membership.role, membership.email) == (Role.OWNER, nina.email)
    with ostiary.store.reading() as db:
        assert db.scalars(sa.select(UserSession.organization_guid)).all() == [organization.guid]
        told = sa.select(Event.event_type, Event.actor_guid, Event.address).order_by(Event.guid)
        assert [tuple(row) for row in db.execute(told)] == [
            ("organization.created", nina.user_guid, people.ADDRESS),
            ("user.created", membership.guid, people.ADDRESS),
        ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Fill this in."),
        ("   ", "Must not be blank."),
        ("x" * 129, "At most 128 characters."),
        ("a\x07b", "Must not contain the character U+0007."),
    ],
)
def test_says_what_is_wrong_with_an_organizations_name(
    ostiary: Ostiary, browser: TestClient, name: str, sentence: str
) -> None:
    answer = found(browser, name)
    assert error_at(answer, "name") == sentence
    assert read(answer, 400).fields["name"] == name
    assert organizations(ostiary) == []


def test_resumes_where_it_was_left(ostiary: Ostiary, settings: Settings, browser: TestClient, nina: Person) -> None:
    assert step(browser) == "Name your organization"
    found(browser)
    elsewhere = people.signed_in(ostiary, settings, nina, "198.51.100.9")
    assert step(elsewhere) == "Create a bank"
    create(elsewhere)
    assert step(browser) == "Generate an API key pair"


def test_says_that_the_first_step_is_done(ostiary: Ostiary, browser: TestClient) -> None:
    found(browser)
    again = found(browser, "Initech again")
    page = read(browser.get(again.headers["location"]))
    assert "This step is done You belong to Initech , and nothing was changed." in page.text
    assert page.links["Go on"] == "/start"
    assert [organization.name for organization in organizations(ostiary)] == ["Initech"]


def test_says_that_the_second_step_is_done(ostiary: Ostiary, browser: TestClient) -> None:
    found(browser)
    first, second = (fields_of(read(browser.get("/start/bank"))) for _ in range(2))
    browser.post("/start/bank", data={**first, "name": "North"})
    # Another tab, with a form of its own.
    again = browser.post("/start/bank", data={**second, "name": "South"})
    page = read(browser.get(again.headers["location"]))
    assert "Initech has a bank already, and nothing was changed: North Sandbox" in page.text
    assert page.links["Go on"] == "/start"
    (organization,) = organizations(ostiary)
    assert [bank.name for bank in banks_of(ostiary.store, organization.guid)] == ["North"]


def test_founds_one_organization_from_four_tabs(ostiary: Ostiary, browser: TestClient, nina: Person) -> None:
    answers = four_at_once(lambda number: found(browser, f"Initech {number}"))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert sorted(answer.headers["location"] for answer in answers) == ["/start", *["/start/organization"] * 3]
    assert len(organizations(ostiary)) == len(memberships(ostiary, nina.user_guid)) == 1


def test_creates_one_bank_from_four_tabs(ostiary: Ostiary, browser: TestClient) -> None:
    found(browser)
    forms = [{**fields_of(read(browser.get("/start"))), "name": f"Bank {number}"} for number in range(4)]
    answers = four_at_once(lambda number: browser.post("/start/bank", data=forms[number]))
    assert sorted(answer.headers["location"] for answer in answers) == [*["/start/bank"] * 3, "/start/keys"]
    (organization,) = organizations(ostiary)
    assert len(banks_of(ostiary.store, organization.guid)) == 1


def test_keeps_what_was_typed_about_the_first_bank(ostiary: Ostiary, browser: TestClient) -> None:
    found(browser)
    answer = create(browser, name="Nord", supported_country_codes="DE", features=[], cors_allowed_origins="nowhere")
    assert error_at(answer, "features")
    assert error_at(answer, "cors_allowed_origins")
    page = read(answer, 422)
    kept = fields_of(page)
    assert (kept["name"], kept["supported_country_codes"]) == ("Nord", "DE")
    assert (kept["features"], kept["cors_allowed_origins"]) == ([], "nowhere")
    assert page.has("details", open="")
    assert browser.get("/start/bank").status_code == 200
    (organization,) = organizations(ostiary)
    assert banks_of(ostiary.store, organization.guid) == []


def test_leads_a_viewer_to_the_overview(ostiary: Ostiary, settings: Settings) -> None:
    guid = add_organization(ostiary.store, "Acme")
    viewer = people.signed_in(ostiary, settings, add_person(ostiary.store, "Bob", guid, Role.VIEWER))
    for path in ("/", "/start", "/start/bank"):
        assert viewer.get(path).headers["location"] == "/overview"
    form = {"name": "Mine", "word": "w" * 43, "organization_guid": guid}
    assert viewer.post("/start/bank", data=form, follow_redirects=True).url.path == "/overview"
    assert banks_of(ostiary.store, guid) == []


def test_leads_an_invited_developer_to_the_step_that_is_next(ostiary: Ostiary, settings: Settings) -> None:
    guid = add_organization(ostiary.store, "Acme")
    developer = people.signed_in(ostiary, settings, add_person(ostiary.store, "Dana", guid, Role.DEVELOPER))
    assert step(developer) == "Create a bank"
    add_bank(ostiary.store, guid, "North")
    assert step(developer) == "Generate an API key pair"
    assert "Acme has a bank already" in read(developer.get("/start/bank")).text


def test_makes_nothing_for_somebody_who_was_shut_out(ostiary: Ostiary, settings: Settings) -> None:
    guid = add_organization(ostiary.store, "Acme")
    carol = add_person(ostiary.store, "Carol", guid, Role.VIEWER)
    with ostiary.store.writing() as db:
        db.execute(sa.update(Membership).values(disabled_at=clock.now()))
    browser = people.signed_in(ostiary, settings, Person(carol.name, carol.email, carol.user_guid))
    page = read(browser.get("/start"))
    assert "You belong to no organization" in page.text
    assert not page.has("form", action="/start/organization")
    assert found(browser).status_code == 403
    assert len(organizations(ostiary)) == 1


def test_sends_strangers_to_the_door(ostiary: Ostiary, settings: Settings) -> None:
    stranger = people.browser(ostiary, settings)
    assert stranger.get("/start").headers["location"].startswith("/sign-in")
    assert found(stranger).status_code == 401
    assert organizations(ostiary) == []


def test_repeats_markup_as_text(browser: TestClient) -> None:
    long_and_crooked = XSS * 6
    answer = found(browser, long_and_crooked)
    assert "<script>alert" not in answer.text
    assert read(answer, 400).fields["name"] == long_and_crooked
    found(browser, XSS)
    for path in ("/start/organization", "/start/bank", "/start"):
        shown = browser.get(path).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown
