"""From an open key to one with a list, beside a program at work: in a real browser, with keys only and no script."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from ostiary.users.models import Role
from tests import people
from tests.applications.cast import Cast
from tests.browser import WAIT_MILLISECONDS
from tests.durability.direct import Pair
from tests.live import LiveServer

pytestmark = pytest.mark.any_database

MOST_TABS = 40


@pytest.fixture
def page(live: LiveServer, browser: Browser, cast: Cast) -> Iterator[Page]:
    """Dana's, who may work in sandbox banks; her browser runs no script."""
    person = people.add_person(cast.ostiary.store, "Dana", cast.acme, Role.DEVELOPER)
    word = people.open_session(cast.ostiary.store, person)
    context = browser.new_context(base_url=live.base_url, java_script_enabled=False)
    context.set_default_timeout(WAIT_MILLISECONDS)
    context.add_cookies([{"name": "ostiary", "value": word, "url": live.base_url}])
    yield context.new_page()
    context.close()


def status_of_token(live: LiveServer, pair: Pair) -> int:
    body = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
    return httpx2.post(f"{live.base_url}/oauth/token", data=body).status_code


def reach(page: Page, role: str, name: str) -> None:
    """With the tabulator, as somebody without a mouse does."""
    # Playwright's roles are those of ARIA, and its type names each of them.
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    expect(wanted).to_be_visible()
    page.locator("main").focus()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    pytest.fail(f"{MOST_TABS} tabulators do not lead to “{name}”")


def press(page: Page, role: str, name: str) -> None:
    reach(page, role, name)
    page.keyboard.press("Space" if role == "checkbox" else "Enter")


def type_list(page: Page, text: str) -> None:
    reach(page, "textbox", "Source addresses optional")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def wait_for_the_first_use(page: Page) -> None:
    """It is written within a second; whoever looks earlier looks again."""
    for _ in range(50):
        if not page.get_by_text("no use yet").count():
            return
        page.wait_for_timeout(100)
        page.reload()
    pytest.fail("the use was not written down")


def test_leads_to_a_list_with_keys_only(live: LiveServer, page: Page, cast: Cast) -> None:
    pair = cast.office.key(cast.north, "Till")
    page.goto(f"/developers/keys/{cast.find(pair.client_id).guid}")
    press(page, "link", "Observe addresses")
    press(page, "checkbox", "Write down from where this key is used")
    press(page, "button", "Observe addresses")
    expect(page.get_by_text("From now on each address that uses the key is written down.")).to_be_visible()
    assert status_of_token(live, pair) == 200
    wait_for_the_first_use(page)
    press(page, "link", "Find the list")
    expect(page.get_by_label("Source addresses")).to_have_value("127.0.0.1/32")

    type_list(page, "10.0.0.0/24")
    press(page, "button", "Compare")
    expect(page.get_by_role("table", name="Cut off by this list")).to_contain_text("127.0.0.1")
    assert status_of_token(live, pair) == 200

    type_list(page, "127.0.0.0/24")
    press(page, "button", "Switch over …")
    expect(page.get_by_text("Every address that was seen in the last 30 days is let in.")).to_be_visible()
    press(page, "checkbox", "Refuse every other address")
    press(page, "button", "Switch over")
    expect(page.get_by_text("The list binds from now on")).to_be_visible()
    expect(page.get_by_text("127.0.0.0/24").first).to_be_visible()
    assert status_of_token(live, pair) == 200
    cast.office.allow(pair.client_id, "10.0.0.0/24")
    assert status_of_token(live, pair) == 401
