"""Colours change on the page itself: a secret that is shown this once stays, and the choice is remembered."""

import pytest
from playwright.sync_api import Browser, expect

from ostiary.house import House
from tests.browser import visiting
from tests.durability.installation import settings_of
from tests.live import LiveServer
from tests.people import add_person, open_session

pytestmark = pytest.mark.any_database


def test_changes_colours_without_losing_the_secret(live: LiveServer, browser: Browser) -> None:
    made = live.cli("init", "--organization", "Acme", "--bank", "North")
    house = House(settings_of(live))
    word = open_session(house.store, add_person(house.store, "Alice", made["organization_guid"], "owner"))
    house.store.close()
    with visiting(browser, live.base_url) as visit:
        visit.context.add_cookies([{"name": "ostiary", "value": word, "url": live.base_url}])
        page = visit.page("/developers/keys/new")
        page.get_by_role("button", name="Generate").click()
        secret = page.locator("#client-secret")
        shown = secret.text_content()
        with page.expect_response("**/theme"):
            page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_class("dark")
        expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
        assert shown
        assert secret.text_content() == shown
        page.goto("/overview")
        expect(page.locator("html")).to_have_class("dark")
