"""A real Chromium, and a record of what pages must not do: ask other servers, or complain to the console."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError, sync_playwright

CHROMIUM = "chromium"
OFF = [
    # What Playwright turns off; of several lists the last one counts.
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    # A window for suggestions and a process in reserve: every visitor would get their own, and none is ever seen.
    "AimEnabled",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
]
# Everything that a browser does on its own account stays off.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(OFF)}",
]
WAIT_MILLISECONDS = 15_000
# What a page makes out of itself comes from nowhere.
OWN_SCHEMES = {"data", "blob", "about"}


@contextmanager
def running_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which(CHROMIUM)
        assert program, f"there is no {CHROMIUM} on this machine; run ./check"
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """One person at one server: their own cookies, and everything their pages asked for or complained about."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.origin = _origin(base_url)
        self.asked: list[str] = []
        self.asked_outside: list[str] = []
        # A test that provokes one reads it here and clears the list.
        self.complaints: list[str] = []
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.on("request", self._note_request)
        context.on("console", self._note_message)
        context.on("weberror", self._note_error)

    def page(self, path: str) -> Page:
        """A new tab that has loaded `path`."""
        page = self.context.new_page()
        page.goto(path)
        return page

    def assert_quiet(self) -> None:
        assert self.asked_outside == [], f"pages asked other servers: {self.asked_outside}"
        assert self.complaints == [], f"the browser complained: {self.complaints}"

    def _note_request(self, request: Request) -> None:
        self.asked.append(request.url)
        if _origin(request.url) != self.origin and urlsplit(request.url).scheme not in OWN_SCHEMES:
            self.asked_outside.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        # Chromium says here too what a Content-Security-Policy kept from happening.
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")


@contextmanager
def visiting(browser: Browser, base_url: str) -> Iterator[Visit]:
    """Fails at the end when a page asked another server for something or the console has complaints."""
    context = browser.new_context(base_url=base_url)
    try:
        visit = Visit(context, base_url)
        yield visit
        visit.assert_quiet()
    finally:
        context.close()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
