"""Once its page is left, a secret is nowhere: not in the browser, on its disk, in the API or in the database (L-06)."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from ostiary.house import House
from tests.browser import CHROMIUM, FLAGS
from tests.durability.installation import settings_of
from tests.live import LiveServer
from tests.people import add_person, open_session
from tests.secrecy.search import files, finds, rows

SECRET = re.compile(r"ost_sandbox_[0-9A-Za-z]{49}")
ALREADY = "The secret was already shown"
# Chromium keeps pages for the back button only outside of automation, unless it is told to.
KEEPS_PAGES = ["--enable-features=BackForwardCache", "--disable-back-forward-cache-memory-control"]


@contextmanager
def own_profile(folder: Path, live: LiveServer, word: str) -> Iterator[BrowserContext]:
    """A browser that writes to its disk what it always writes there."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=shutil.which(CHROMIUM) or CHROMIUM,
            args=[*FLAGS, *KEEPS_PAGES],
            ignore_default_args=["--disable-back-forward-cache"],
            base_url=live.base_url,
        )
        context.add_cookies([{"name": "ostiary", "value": word, "url": live.base_url}])
        yield context
        context.close()


@pytest.fixture
def word(live: LiveServer) -> str:
    made = live.cli("init", "--organization", "Acme", "--bank", "North")
    house = House(settings_of(live))
    alice = open_session(house.store, add_person(house.store, "Alice", made["organization_guid"], "owner"))
    house.store.close()
    return alice


def generated(context: BrowserContext) -> tuple[Page, str]:
    page = context.new_page()
    page.goto("/developers/keys/new")
    page.get_by_role("button", name="Generate").click()
    secret = page.locator("#client-secret")
    expect(secret).to_be_attached()
    return page, secret.text_content() or ""


def texts(context: BrowserContext) -> list[tuple[str, bytes]]:
    """What every tab holds: its tree with hidden parts and its frozen state."""
    return [(page.url, page.content().encode()) for page in context.pages]


def ways_back(context: BrowserContext, page: Page) -> Iterator[str]:
    """Each leads to where the secret was; the name says how."""
    shown_at = page.url
    page.get_by_role("link", name="I have stored it").click()
    expect(page.get_by_role("heading", name="Developers", exact=True)).to_be_visible()
    yield "left"
    page.go_back()
    yield "back"
    page.reload()
    yield "reload"
    page.go_back()
    page.go_forward()
    yield "forward"
    # What a duplicated tab and a restored window do: the address and the history's state, without the page.
    twin = context.new_page()
    twin.goto(shown_at)
    yield "second tab"


def test_shows_a_secret_nowhere_once_its_page_is_left(live: LiveServer, word: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with own_profile(profile, live, word) as context:
        page, secret = generated(context)
        assert SECRET.fullmatch(secret)
        planted = {"secret": secret}
        for how in ways_back(context, page):
            assert finds(planted, texts(context)) == [], how
            if how != "left":
                expect(context.pages[-1].get_by_role("heading", name=ALREADY)).to_be_visible()
                expect(context.pages[-1].get_by_role("link", name="Generate New Key")).to_be_visible()
    assert finds({"cookie's host": "127.0.0.1"}, files(profile)), "this profile is not the one that was used"
    assert finds(planted, files(profile)) == []
    assert finds(planted, everything_at(live, secret)) == []


def everything_at(live: LiveServer, secret: str) -> list[tuple[str, bytes]]:
    """Database, files, log, and what the API says of the key."""
    house = House(settings_of(live))
    found = [*rows(house.store), *files(live.folder / "data"), ("log", live.stderr_path.read_bytes())]
    with house.store.reading() as db:
        client_id = db.connection().exec_driver_sql(NEWEST).scalar_one()
    house.store.close()
    with httpx2.Client(base_url=live.base_url) as client:
        granted = client.post("/oauth/token", data=GRANT, auth=(client_id, secret))
        assert granted.status_code == httpx2.codes.OK, granted.text
        bearer = {"Authorization": f"Bearer {granted.json()['access_token']}"}
        for path in ("/api/bank_applications", f"/api/bank_applications/{client_id}"):
            answer = client.get(path, headers=bearer)
            assert client_id in answer.text
            found.append((path, answer.content))
    return found


# Not by guid: these rise within a process even when a test before this one came from the future.
NEWEST = "SELECT client_id FROM applications ORDER BY created_at DESC LIMIT 1"
GRANT = {"grant_type": "client_credentials"}


def test_notices_a_page_that_keeps_its_secret(live: LiveServer, word: str, tmp_path: Path) -> None:
    """The same page without the script that wipes it, and with one that writes the secret down."""
    profile = tmp_path / "profile"
    with own_profile(profile, live, word) as context:
        context.route(re.compile(r"/static/once\.js"), lambda route: route.fulfill(body=""))
        page, secret = generated(context)
        assert finds({"secret": secret}, texts(context))
        page.evaluate("(text) => localStorage.setItem('kept', text)", secret)
        page.goto("/developers")
    assert finds({"secret": secret}, files(profile))
