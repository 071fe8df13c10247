"""No text becomes a script, whoever typed it and wherever it is shown; it stands there as text (W-05)."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import jinja2
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from ostiary.applications.models import Application
from ostiary.dashboard import activity_csv
from tests.pages import hostile
from tests.pages.haunted import SENT, SHOWN, Haunted, Looker, Policy, haunted
from tests.pages.rows import Row
from tests.people import signed_in

NAMES = ("search", "guid", "status", "type", "key", "person", "bank", "next", "done", "since", "until", "kind")
# Browsers and programs are told about by the names of user_agents.py, whatever they say of themselves.
# And of creates that count once, and of releases, no page tells.
SHOWN_NOWHERE = {
    "user_sessions.user_agent",
    "logins.user_agent",
    "device_codes.user_agent",
    "device_codes.source",
    "idempotency_keys.made_guid",
    "schema_support.oldest_revision",
}
# What people write themselves stands in the form again when it is refused, but for passwords and what they paste.
REPEATED = {"name", "email", "ip_allowlist", "cors_allowed_origins"}
BANKS = "GET /banks"
CUSTOMER = "GET /customers/{guid}"
NAME = "{{ bank.name }}"
WEBSITE = 'fact("Website", person.website)'
# A template that is less careful in one place; each makes the check of that page turn red.
FLAWS = {
    "an address": (BANKS, NAME, '<a href="{{ bank.name }}">Here</a>'),
    "an attribute without quotes": (BANKS, NAME, "<b title={{ bank.name }}>Here</b>"),
    "a script in the page": (BANKS, NAME, "<script>let name = '{{ bank.name }}';</script>"),
    "personal data as an address": (CUSTOMER, WEBSITE, 'fact("Website", ("<a href=" ~ person.website ~ ">")|safe)'),
    "text that is cut": (CUSTOMER, WEBSITE, 'fact("Website", person.website|striptags)'),
}


def test_plants_text_wherever_somebody_may_type_some() -> None:
    planted = {f"{column.table.name}.{column.name}" for column in hostile.typed()}
    assert {"banks.cors_allowed_origins", "events.facts", "organizations.name"} <= planted


@pytest.fixture
def house(browser: Browser, tmp_path: Path) -> Iterator[Haunted]:
    with haunted(tmp_path, browser) as made:
        # What would run, runs; what the policy would have kept from it is heard besides.
        made.door.policy = Policy.REPORTED
        yield made


@pytest.fixture
def texts(count: Callable[[int, int], int]) -> list[str]:
    """The usual payloads in one; --long has others besides."""
    every = [hostile.ALL, *hostile.MORE]
    return every[: count(1, len(every))]


def shown(house: Haunted, looker: Looker, rows: list[tuple[Row, str]], query: str = "") -> list[str]:
    """What came alive on the way through the pages, or stood in them as more than text."""
    found = []
    for row, thing in rows:
        house.enter(looker, row)
        house.show(looker, row, thing, query)
        found += [f"{row}: {each}" for each in looker.look()]
    return found + looker.unwanted()


def sent(house: Haunted, looker: Looker, rows: list[tuple[Row, str]], text: str) -> list[str]:
    """The same of what forms are answered with, when the text is in all of their fields."""
    found = []
    for row, thing in rows:
        house.enter(looker, row)
        house.send(looker, row, thing, text)
        found += [f"{row}: {each}" for each in looker.look()]
    return found + looker.unwanted()


def unseen(planted: dict[str, str], looker: Looker) -> set[str]:
    """The places whose text stood on no page, letter for letter; lists put blanks of their own between their parts."""
    pages = [squeezed(page) for page in looker.texts]
    return {place for place, said in planted.items() if not any(squeezed(said) in page for page in pages)}


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_makes_no_script_of_what_is_stored(house: Haunted, texts: list[str]) -> None:
    rows = house.things(SHOWN)
    house.world.own("login", house.world["Alice"])
    code = house.world.own("device code", house.world["Alice"])
    for text in texts:
        planted = hostile.plant(house.world.store, house.seal, text)
        with house.looking() as looker:
            assert shown(house, looker, rows) == [], text
            # The page of a program that asks, which is the page without one until there is a code.
            house.sign_in(looker.context)
            looker.page.goto(f"/device?user_code={code}")
            assert looker.look() == [], text
            assert unseen(planted, looker) == SHOWN_NOWHERE, text


def test_makes_no_script_of_what_is_typed(house: Haunted, texts: list[str]) -> None:
    for text in texts:
        rows = house.things(SENT)
        hostile.plant(house.world.store, house.seal, hostile.SHORT)
        with house.world.store.writing() as db:
            # Replacing a key reads its list again, and no way in lets anything but addresses through.
            db.execute(sa.update(Application).values(ip_allowlist_text="10.0.0.1"))
        with house.looking() as looker:
            looker.page.goto("/sign-in")
            assert sent(house, looker, rows, text) == [], text
            repeated = {name: text + hostile.mark(name) for name in REPEATED}
            assert unseen(repeated, looker) == set(), text


def test_makes_no_script_of_an_address(house: Haunted, texts: list[str]) -> None:
    rows = house.things([row for row in SHOWN if not row.about])
    for text in texts:
        with house.looking() as looker:
            assert shown(house, looker, rows, "?" + urlencode(dict.fromkeys(NAMES, text[:8000]))) == [], text
            looker.page.goto(f"/nowhere/{quote(text[:8000], safe='')}")
            assert looker.look() + looker.unwanted() == [], text


def test_makes_no_script_of_what_the_first_visitor_brings_along(house: Haunted) -> None:
    hostile.plant(house.world.store, house.seal)
    for name in ("GET", "POST"):
        row = Row(f"{name} /set-up/{{word}}", form={"email": "", "name": "", "password": ""})
        with house.looking() as looker:
            word = house.world.own("set-up link", house.world["Alice"])
            chosen = hostile.SHORT.replace(" ", "")
            looker.context.add_cookies([{"name": "ostiary_theme", "value": chosen, "url": house.url}])
            house.show(looker, row, word)
            house.send(looker, row, word, hostile.ALL)
            assert looker.look() + looker.unwanted() == []
            assert unseen({"name": hostile.ALL + hostile.mark("name")}, looker) == set()
            assert looker.page.locator("html").get_attribute("class") is None


def cells(house: Haunted) -> list[str]:
    person = house.world["Alice"]
    answer = signed_in(house.world.ostiary, house.world.settings, person).get("/activity.csv")
    return [cell for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")) for cell in row]


def test_makes_no_formula_of_a_cell(house: Haunted, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in ("=", "+", "-", "@", "\t", "\r"):
        hostile.plant(house.world.store, house.seal, f"{first}1+canary()")
        held = cells(house)
        assert any("1+canary()" in cell for cell in held)
        assert [cell for cell in held if cell[:1] and cell[0] in "=+-@\t\r\n"] == []
    monkeypatch.setattr(activity_csv, "defused", lambda cell: cell)
    assert [cell for cell in cells(house) if cell.startswith("\r1+canary()")]


def careless(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Every template with one thing written in another way."""
    as_always = jinja2.PackageLoader.get_source

    def get_source(
        self: jinja2.PackageLoader, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        source, name, _ = as_always(self, environment, template)
        return source.replace(old, new), name, lambda: False

    monkeypatch.setattr(jinja2.PackageLoader, "get_source", get_source)
    # Those that were compiled before, too.
    monkeypatch.setattr(jinja2.Template, "is_up_to_date", False)


def test_notices_careless_templates(house: Haunted, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = house.things([row for row in SHOWN if row.route in {BANKS, CUSTOMER}])
    planted = hostile.plant(house.world.store, house.seal)
    for flaw, (route, old, new) in FLAWS.items():
        with monkeypatch.context() as patched, house.looking() as looker:
            careless(patched, old, new)
            found = shown(house, looker, [(row, thing) for row, thing in rows if row.route == route])
            is_cut = route == CUSTOMER and "website" in unseen(planted, looker)
            assert found or is_cut, flaw
    with house.looking() as looker:
        assert shown(house, looker, rows) == []
        assert "website" not in unseen(planted, looker)


def test_notices_a_name_that_runs(house: Haunted, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs is heard, and so is what the policy would have stopped."""
    careless(monkeypatch, NAME, "{{ bank.name|safe }}")
    rows = house.things([row for row in SHOWN if row.route == BANKS])
    hostile.plant(house.world.store, house.seal)
    with house.looking() as looker:
        found = shown(house, looker, rows)
    assert any("data-canary" in each for each in found)
    assert any(each.endswith(": ran") for each in found)
    assert any("script-src" in each for each in found)
