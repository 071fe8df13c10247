"""What a page would let in by mistake does not run, and no page is shown inside of another site's (W-05, W-06)."""

import time
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from playwright.sync_api import Browser

from ostiary.web import reference
from ostiary.web.asgi import Receive, Scope, Send, answer
from tests.inside import serving
from tests.live import HOST, free_port
from tests.pages.haunted import HEADER, SHOWN, Haunted, Looker, Policy, haunted

X_FRAME = b"x-frame-options"
# Each calls the canary by its own name. A remote script comes from a server that is there and sends it.
INJECTED = """<script>canary("inline")</script>
<img src="data:," onerror="canary('handler')">
<script src="{elsewhere}/remote.js"></script>
<link rel="stylesheet" href="{elsewhere}/remote.css">
<iframe srcdoc="<script>parent.canary('frame')</script>"></iframe>
<a id="address" href="javascript:canary('address')">Here</a>
<p hx-get="/static/copy.js" hx-trigger="load" hx-swap="none" hx-on:htmx:before:request="canary('htmx')"></p>
<form id="away" method="post" action="{elsewhere}/taken"><input name="secret" value="taken"></form>
<base href="{elsewhere}/"></body>"""
# What the policy says to each of them.
REFUSED = {
    "script-src-elem inline",
    "script-src-attr inline",
    "script-src eval",
    "script-src-elem {elsewhere}/remote.js",
    "style-src-elem {elsewhere}/remote.css",
    "form-action {elsewhere}/taken",
    "base-uri {elsewhere}/",
}
RUNNING = {"inline", "handler", "remote", "frame", "address", "htmx"}
WAIT_SECONDS = 15
# What Chromium shows in place of a page that refuses.
INSTEAD = "chrome-error://chromewebdata/"
FRAMES = """(addresses) => Promise.all(addresses.map((address) => new Promise((go, fail) => {
    const frame = document.createElement("iframe");
    frame.name = address;
    frame.onload = go;
    frame.src = address;
    document.body.append(frame);
    setTimeout(() => fail(`${address} never came`), 15000);
})))"""


class Elsewhere:
    """Another site: pages to frame ours in, scripts to lend, and an ear for what is sent to it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        kind, body = {
            "/remote.js": ("text/javascript", "canary('remote')"),
            "/remote.css": ("text/css", "p { color: red }"),
        }.get(scope["path"], ("text/html", "<!doctype html><title>Elsewhere</title><body>"))
        # So that it is the policy that refuses, and nothing else.
        free = [(b"cross-origin-resource-policy", b"cross-origin"), (b"access-control-allow-origin", b"*")]
        await answer(send, 200, body.encode(), [(b"content-type", kind.encode()), *free])


@pytest.fixture
def house(browser: Browser, tmp_path: Path) -> Iterator[Haunted]:
    with haunted(tmp_path, browser) as made:
        yield made


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    port = free_port()
    site = Elsewhere(port)
    with serving(site, port):
        yield site


def inject(monkeypatch: pytest.MonkeyPatch, elsewhere: Elsewhere) -> None:
    """The worst template there can be: every page says whatever an attacker wants."""
    as_always = jinja2.Template.render

    def render(self: jinja2.Template, *given: object, **more: object) -> str:
        return as_always(self, *given, **more).replace("</body>", INJECTED.format(elsewhere=elsewhere.url))

    monkeypatch.setattr(jinja2.Template, "render", render)


def heard(looker: Looker, wanted: set[str]) -> set[str]:
    """What was heard of the page that is open, once everything wanted is among it or long overdue."""
    looker.page.evaluate("document.querySelector('#address').click()")
    looker.page.evaluate("document.querySelector('#away').submit()")
    deadline = time.monotonic() + WAIT_SECONDS
    while not wanted <= {each.rpartition(": ")[2] for each in looker.heard}:
        if time.monotonic() > deadline:
            break
        looker.page.wait_for_timeout(20)
    # Whatever runs, in a frame say, may run a little later than the refusals are heard.
    looker.page.wait_for_timeout(200)
    return {each.rpartition(": ")[2] for each in looker.heard}


def test_runs_nothing_that_was_injected(house: Haunted, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, elsewhere)
    house.things([])
    refused = {each.format(elsewhere=elsewhere.url) for each in REFUSED}
    for path in ("/sign-in", "/overview", "/nowhere", "/developers/keys/new"):
        with house.looking() as looker:
            house.sign_in(looker.context)
            looker.page.goto(path)
            found = heard(looker, refused)
        assert refused <= found, path
        assert found & RUNNING == set(), path
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("policy", "run"), [(Policy.INLINE, {"inline", "handler", "frame", "address"}), (Policy.MISSING, RUNNING)]
)
def test_notices_a_policy_that_lets_scripts_run(
    house: Haunted, elsewhere: Elsewhere, policy: Policy, run: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inject(monkeypatch, elsewhere)
    house.door.policy = policy
    with house.looking() as looker:
        looker.page.goto("/sign-in")
        assert heard(looker, run) & RUNNING == run
        if policy is Policy.MISSING:
            looker.page.wait_for_url(f"{elsewhere.url}/taken")


def framed(looker: Looker, elsewhere: Elsewhere, addresses: list[str]) -> set[str]:
    """Which of them another site could show inside of one of its own pages."""
    looker.page.goto(elsewhere.url)
    looker.page.evaluate(FRAMES, addresses)
    frames = looker.page.main_frame.child_frames
    assert len(frames) == len(addresses)
    return {frame.name for frame in frames if frame.url != INSTEAD or frame.locator("main, link").count()}


def test_shows_no_page_inside_of_another_sites(house: Haunted, elsewhere: Elsewhere) -> None:
    about = house.things(SHOWN)
    pages = [row.path.format(guid=thing, word=thing) for row, thing in about]
    others = ["/nowhere", reference.PAGE_PATH, "/api/banks", "/static/copy.js"]
    with house.looking() as looker:
        house.sign_in(looker.context)
        assert framed(looker, elsewhere, [f"{house.url}{path}" for path in pages + others]) == set()


@pytest.mark.parametrize("alone", ["policy", "header"])
def test_is_kept_out_of_frames_by_each_of_two(house: Haunted, elsewhere: Elsewhere, alone: str) -> None:
    """Old browsers know only the header; where both are known the policy counts."""
    house.door.dropped = {HEADER} if alone == "header" else {X_FRAME}
    with house.looking() as looker:
        assert framed(looker, elsewhere, [f"{house.url}/sign-in", f"{house.url}/nowhere"]) == set()


def test_notices_a_page_that_can_be_framed(house: Haunted, elsewhere: Elsewhere) -> None:
    house.things([])
    house.door.dropped = {HEADER, X_FRAME}
    addresses = [f"{house.url}{path}" for path in ("/sign-in", "/overview", "/nowhere")]
    with house.looking() as looker:
        house.sign_in(looker.context)
        assert framed(looker, elsewhere, addresses) == set(addresses)
        # Another port is another origin, but the same site: the cookie came along, and Acme was in the frame.
        (overview,) = (frame for frame in looker.page.frames if frame.name == addresses[1])
        assert "Acme" in overview.locator("body").inner_text()
