"""From the set-up link to a customer, in a real browser, as somebody who has never seen Ostiary; and with keys only."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Visit, visiting
from tests.live import LiveServer

pytestmark = pytest.mark.any_database

SECONDS = 30
PASSWORD = "correct horse battery staple"
SECRET = re.compile(r"ost_sandbox_[0-9A-Za-z]{49}")
GUID = re.compile(r'"guid": ?"([0-9a-f]{32})"')
MOST_TABS = 60


def set_up_path(live: LiveServer) -> str:
    """The link a fresh server keeps in a file that only its own user reads."""
    file = Path(live.env["OSTIARY_DATA_DIR"]) / "set-up-link"
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_text().strip().removeprefix(live.base_url)


def in_a_shell(text: str, **variables: str) -> str:
    env = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(
        ["/bin/sh", "-c", text], env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def token_from(curl: str, secret: str) -> str:
    found = re.search(r'"access_token": ?"([^"]+)"', in_a_shell(curl, OSTIARY_CLIENT_SECRET=secret))
    assert found
    return found[1]


def creation(page: Page, visit: Visit) -> str:
    """The request that the page of customers shows as long as there is none."""
    other = visit.page("/customers")
    text = other.locator("pre code").first.inner_text()
    other.close()
    page.bring_to_front()
    return text


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def allow_clipboard(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_leads_somebody_new_to_a_customer(live: LiveServer, browser: Browser) -> None:
    with visiting(browser, live.base_url) as visit:
        allow_clipboard(visit)
        page = visit.page(set_up_path(live))
        page.get_by_label("Your name").fill("Alice Weaver")
        page.get_by_label("Email").fill("alice@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make my account").click()

        expect(page.get_by_role("heading", name="Name your organization")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("Acme")
        page.get_by_role("button", name="Continue").click()

        expect(page.get_by_role("heading", name="Create a bank")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("North")
        page.get_by_role("button", name="Create the bank").click()

        expect(page.get_by_label("Name", exact=True)).to_have_value("North key")
        page.get_by_role("button", name="Generate").click()
        expect(page.get_by_text("This is the only time the secret is shown")).to_be_visible()
        page.get_by_role("button", name="Copy Client Secret").click()
        expect(page.get_by_role("button", name="Copy Client Secret")).to_contain_text("Copied")
        secret = clipboard(page)
        assert SECRET.fullmatch(secret)
        curl = page.locator("pre code", has_text="oauth/token").first.inner_text()
        assert secret not in curl
        finish(page, visit, token_from(curl, secret))


def finish(page: Page, visit: Visit, token: str) -> None:
    """The token makes a customer, and the page that was left open says what it saw."""
    made = GUID.search(in_a_shell(creation(page, visit), OSTIARY_TOKEN=token))
    assert made
    expect(page.locator(".first-token")).to_contain_text(re.compile(r"First token received .* from 127\.0\.0\.1"))
    page.get_by_role("link", name="I have stored it").click()
    expect(page.get_by_role("heading", name="Developers")).to_be_visible()
    expect(page.get_by_role("cell", name="North key")).to_contain_text("ostid_")
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_text(made[1])).to_be_visible()


class Keyboard:
    """Somebody without a mouse: Tab to a thing that is visibly focused, then type or press."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, name: str) -> None:
        for _ in range(MOST_TABS):
            if self._focused_name() == name:
                self._assert_seen()
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{MOST_TABS} times Tab did not lead to {name!r} on {self.page.url}")

    def type(self, name: str, text: str) -> None:
        self.reach(name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, name: str, key: str = "Enter") -> None:
        self.reach(name)
        self.page.keyboard.press(key)

    def _focused_name(self) -> str:
        name: str = self.page.evaluate(
            """() => {
                const one = document.activeElement;
                const own = document.getElementById(one.getAttribute("aria-labelledby"));
                const label = one.labels && one.labels[0] || own;
                const text = one.getAttribute("aria-label") || (label || one).innerText || "";
                return text.replace(/optional$/, "").trim().replace(/\\s+/g, " ");
            }"""
        )
        return name

    def _assert_seen(self) -> None:
        """In view, and marked so that one sees where one is."""
        how = self.page.evaluate(
            """() => {
                const one = document.activeElement, box = one.getBoundingClientRect();
                const parts = [one, one.closest(".choice")].filter(Boolean).map((each) => getComputedStyle(each));
                const across = box.width > 0 && box.right > 0 && box.left < innerWidth;
                return {
                    inView: across && box.bottom > 0 && box.top < innerHeight,
                    marked: parts.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none"),
                };
            }"""
        )
        assert how == {"inView": True, "marked": True}, f"{self._focused_name()} on {self.page.url}: {how}"


def test_needs_no_mouse(live: LiveServer, browser: Browser) -> None:
    with visiting(browser, live.base_url) as visit:
        allow_clipboard(visit)
        page = visit.page(set_up_path(live))
        keys = Keyboard(page)
        keys.type("Your name", "Alice Weaver")
        keys.type("Email", "alice@example.com")
        keys.type("Password", PASSWORD)
        keys.press("Make my account")
        arrived(page, "Name your organization")
        keys.type("Name", "Acme")
        keys.press("Continue", "Space")
        arrived(page, "Create a bank")
        keys.type("Name", "North")
        keys.press("Create the bank")
        page.wait_for_url("**/start/keys")
        keys.press("Generate")
        arrived(page, "Your first key pair")
        assert is_masked(page)
        keys.reach("Client Secret")
        assert not is_masked(page)
        keys.press("Copy Client Secret")
        expect(page.get_by_role("button", name="Copy Client Secret")).to_contain_text("Copied")
        secret = clipboard(page)
        keys.press("Copy the code for curl")
        finish_with_keys(keys, visit, token_from(clipboard(page), secret))


def finish_with_keys(keys: Keyboard, visit: Visit, token: str) -> None:
    made = GUID.search(in_a_shell(creation(keys.page, visit), OSTIARY_TOKEN=token))
    assert made
    expect(keys.page.locator(".first-token")).to_contain_text("First token received")
    keys.press("I have stored it")
    arrived(keys.page, "Developers")
    keys.press("Customers")
    arrived(keys.page, "Customers")
    keys.reach(made[1])


def arrived(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


def is_masked(page: Page) -> bool:
    security: str = page.eval_on_selector("#client-secret", "(one) => getComputedStyle(one).webkitTextSecurity")
    return security != "none"
