"""Chromium keeps whole pages for the back button, even such as may not be stored: a secret is not kept (L-06)."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import CHROMIUM, FLAGS
from tests.inside import serving
from tests.live import HOST, free_port
from tests.pages.haunted import Haunted, haunted
from tests.pages.test_policy import Elsewhere
from tests.pages.test_shown_once import ALREADY, KEEPS_PAGES

# What a page remembers beyond its end: whether it came back as it was left.
REMEMBER = "addEventListener('pageshow', (event) => sessionStorage.setItem('was_kept', event.persisted))"
SHOWN = "Your new key pair"


@pytest.fixture(scope="module")
def keeping() -> Iterator[Browser]:
    """Playwright switches off what this is about."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which(CHROMIUM) or CHROMIUM,
            args=[*FLAGS, *KEEPS_PAGES],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield started
        started.close()


@pytest.fixture
def house(keeping: Browser, tmp_path: Path) -> Iterator[Haunted]:
    with haunted(tmp_path, keeping) as made:
        made.things([])
        yield made


def leave_and_return(page: Page, elsewhere: str) -> str:
    """By the back button; whether the page was kept in between."""
    page.evaluate(REMEMBER)
    page.goto(elsewhere)
    # Playwright's own way back waits for a page to load, which one that was kept does not do.
    page.evaluate("setTimeout(() => history.back())")
    page.wait_for_function("sessionStorage.getItem('was_kept')")
    kept: str = page.evaluate("sessionStorage.getItem('was_kept')")
    return kept


def generated(house: Haunted, page: Page) -> str:
    house.sign_in(page.context)
    page.goto(f"/developers/keys/new?bank={house.world.sandboxes[house.world.acme]}")
    page.get_by_role("button", name="Generate").click()
    return page.locator("#client-secret").text_content() or ""


def test_is_asked_by_a_browser_that_keeps_pages(keeping: Browser) -> None:
    """The control: if this fails, the tests below say nothing."""
    port = free_port()
    with serving(Elsewhere(port), port), keeping.new_context(base_url=f"http://{HOST}:{port}") as context:
        page = context.new_page()
        page.goto("/one")
        page.evaluate("window.mine = 'still here'")
        assert leave_and_return(page, "/two") == "true"
        assert page.evaluate("window.mine") == "still here"


@pytest.mark.parametrize("header", ["with no-store", "without no-store"])
def test_brings_no_secret_back(house: Haunted, header: str) -> None:
    house.door.dropped = {b"cache-control"} if header == "without no-store" else set()
    with house.browser.new_context(base_url=house.url) as context:
        page = context.new_page()
        secret = generated(house, page)
        assert secret.startswith("ost_sandbox_")
        assert leave_and_return(page, "/developers") == "true"
        expect(page.get_by_role("heading", name=ALREADY)).to_be_visible()
        assert secret not in page.content()
        # Nor does going on and coming back once more, now that the page is another.
        page.goto("/developers")
        page.evaluate("setTimeout(() => history.back())")
        expect(page.get_by_role("heading", name=ALREADY)).to_be_visible()
        assert secret not in page.content()


def test_notices_a_secret_that_comes_back(house: Haunted) -> None:
    """The planted flaw: a page that does not wipe what it shows."""
    with house.browser.new_context(base_url=house.url) as context:
        context.route(re.compile(r"/static/once\.js"), lambda route: route.fulfill(body=""))
        page = context.new_page()
        secret = generated(house, page)
        assert leave_and_return(page, "/developers") == "true"
        expect(page.get_by_role("heading", name=SHOWN)).to_be_visible()
        assert secret in page.content()
