"""The bank selector in a real browser: typing finds banks that are not listed, with script and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ostiary.app import Ostiary
from ostiary.dashboard.frame import MOST_BANKS
from ostiary.settings import Settings
from tests.browser import Visit, visiting
from tests.live import LiveServer
from tests.pages.test_accessible import flaws
from tests.people import Cast, add_bank, open_session

pytestmark = pytest.mark.any_database


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    """Acme with more banks than are listed; North and South are not among those."""
    cast = Cast(ostiary, settings)
    for number in range(MOST_BANKS + 1):
        add_bank(cast.store, cast.acme, f"Branch {number}")
    return cast


@pytest.fixture
def visit(cast: Cast, live: LiveServer, browser: Browser) -> Iterator[Visit]:
    with visiting(browser, live.base_url) as visit:
        word = open_session(cast.store, cast["Alice"])
        visit.context.add_cookies([{"name": "ostiary", "value": word, "url": live.base_url}])
        yield visit


def opened(visit: Visit, path: str = "/customers") -> Page:
    page = visit.page(path)
    page.locator("[data-selector] summary").click()
    return page


def test_finds_a_bank_while_somebody_types(visit: Visit, cast: Cast) -> None:
    page = opened(visit)
    entries = page.locator("[data-choice]:visible")
    expect(entries).to_have_count(MOST_BANKS + 1)
    page.keyboard.type("nort")
    expect(entries).to_have_text(["NorthSandbox"])
    expect(page.locator("[data-selector-none]")).to_be_hidden()
    assert flaws(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".selector-name strong")).to_have_text("North")
    assert page.url.endswith(f"/customers?bank={cast.north}")


def test_says_that_no_bank_has_a_name_once_the_server_said_so(visit: Visit) -> None:
    page = opened(visit)
    page.keyboard.type("nowhere")
    expect(page.locator("[data-selector-none]")).to_be_visible()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("branch 1")
    # The first of them went out of the list when the server answered.
    expect(page.locator("[data-choice]:visible")).to_have_count(11)


def test_is_typed_into_from_the_moment_it_opens(visit: Visit) -> None:
    page = visit.page("/customers")
    opens = "(summary) => { summary.click(); return document.activeElement.hasAttribute('data-selector-search') }"
    assert page.locator("[data-selector] summary").evaluate(opens)
    page.locator("[data-selector] summary").click()
    expect(page.locator("[data-selector-search]")).to_be_hidden()


def test_takes_the_first_bank_with_enter(visit: Visit, cast: Cast) -> None:
    page = opened(visit)
    page.keyboard.type("south")
    expect(page.locator("[data-choice]:visible")).to_have_text(["SouthSandbox"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers?bank={cast.south}")


def test_searches_the_page_of_banks_where_there_is_no_script(cast: Cast, live: LiveServer, browser: Browser) -> None:
    context = browser.new_context(base_url=live.base_url, java_script_enabled=False)
    word = open_session(cast.store, cast["Alice"])
    context.add_cookies([{"name": "ostiary", "value": word, "url": live.base_url}])
    page = context.new_page()
    page.goto("/customers")
    page.locator("[data-selector] summary").click()
    page.get_by_role("searchbox", name="Search banks").fill("nort")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table").get_by_role("link", name="North")).to_be_visible()
    context.close()
