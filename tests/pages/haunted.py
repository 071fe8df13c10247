"""A house full of hostile text, its door, through which a test takes guards away, and the browsers that look in."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from pydantic import SecretStr

from ostiary.app import PAGES
from ostiary.house import House
from ostiary.settings import Settings
from ostiary.users.models import Role
from ostiary.web.asgi import App, Message, Receive, Scope, Send, answer
from ostiary.web.pages import Who
from tests.apps import app_on
from tests.browser import WAIT_MILLISECONDS
from tests.databases import put_migrated_file
from tests.inside import serving
from tests.live import free_port
from tests.pages.hostile import mark
from tests.pages.rows import ROWS, Row
from tests.pages.things import World, texts
from tests.people import add_organization, open_session

WHO = {f"{route.method} {route.path}": route.who for table in PAGES for route in table.routes}
# Who has the page before them as it is meant, where Alice would be led on.
VISITORS = {"/start": "Nemo", "/start/organization": "Nemo", "/start/bank": "Zoe", "/sign-out": "Dana"}
HEADER = b"content-security-policy"
# A policy that is only reported keeps nothing from running, and is heard all the same.
REPORTED = b"content-security-policy-report-only"
# Elements and attributes that no page of ours has, and addresses that run; then all the text there is.
LOOK = """() => [
    [...document.querySelectorAll("*")].filter((each) =>
        (each.localName === "script" && each.textContent) ||
        ["base", "iframe", "object", "embed", "style"].includes(each.localName) ||
        [...each.attributes].some(({ name, value }) => /^(on|data-canary|hx-on|data-hx)/.test(name)
            || name.includes("<") || /^[\\s\\0]*(javascript|data):/i.test(value)
                && ["href", "action", "formaction", "src", "xlink:href", "hx-get"].includes(name)))
        .map((each) => each.outerHTML.slice(0, 200)),
    document.documentElement.textContent +
        [...document.querySelectorAll("input, textarea")].map((each) => each.value).join("\\n")]"""
SEND = """([path, fields]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: path });
    for (const [name, value] of fields) {
        const field = document.createElement("textarea");
        Object.assign(field, { name, value });
        form.append(field);
    }
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
}"""
HEAR = """document.addEventListener("securitypolicyviolation", (event) =>
    canary(`${event.violatedDirective} ${event.blockedURI}`));"""


# How pages look matters elsewhere, and takes a browser most of its time.
DRESS = (".css", ".woff2", ".svg")


class Policy(Enum):
    AS_SENT = "as it is sent"
    REPORTED = "only reported"
    INLINE = "with 'unsafe-inline'"
    MISSING = "missing"


class Door:
    """The application, sending its policy in another way, and without other headers, as a test wants it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.policy = Policy.AS_SENT
        self.dropped: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith(DRESS):
            await answer(send, 200, b"", [(b"cache-control", b"max-age=3600"), (b"content-type", b"text/css")])
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [self._changed(*header) for header in message["headers"] if header[0] not in self.dropped]
                message["headers"] = [header for header in kept if header[0]]
            await send(message)

        await self.app(scope, receive, send_on)

    def _changed(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name != HEADER or self.policy is Policy.AS_SENT:
            return name, value
        if self.policy is Policy.REPORTED:
            return REPORTED, value
        if self.policy is Policy.INLINE:
            return name, value.replace(b"script-src", b"script-src 'unsafe-inline'")
        return b"", b""


class Looker:
    """A browser, what came alive in it, and what stood in its pages."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        # Which page called the canary, and with what it was heard.
        self.heard: list[str] = []
        self.failed: list[str] = []
        self.texts: list[str] = []
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.expose_binding("canary", self._hear)
        context.add_init_script(HEAR)
        context.on("response", lambda answer: self._note(answer.status, answer.url))
        self.page: Page = context.new_page()

    def look(self) -> list[str]:
        """What stands in the page as more than text."""
        made: list[str]
        made, text = self.page.evaluate(LOOK)
        self.texts.append(text)
        return made

    def unwanted(self) -> list[str]:
        return self.heard + self.failed

    def _hear(self, source: Mapping[str, Any], *said: str) -> None:
        self.heard.append(f"{source['page'].url[:80]}: {' '.join(said) or 'ran'}")

    def _note(self, status: int, url: str) -> None:
        if status >= 500:
            self.failed.append(f"{status} {url[:120]}")


class Haunted:
    """Acme and Globex on a server in this process."""

    def __init__(self, world: World, door: Door, browser: Browser, house: House) -> None:
        self.world, self.door, self.browser, self.seal = world, door, browser, house.personal_data_seal
        self.url = world.settings.issuer
        self._words: dict[str, str] = {}

    @contextmanager
    def looking(self) -> Iterator[Looker]:
        context = self.browser.new_context(base_url=self.url)
        try:
            yield Looker(context)
        finally:
            context.close()

    def things(self, rows: list[Row]) -> list[tuple[Row, str]]:
        """What each page is about and whoever looks at it, made before the text is planted."""
        names = {"Alice", *VISITORS.values()}
        self._words = {name: open_session(self.world.store, self.world[name]) for name in names}
        return [(row, self.world.own(row.about, self.world["Alice"])) for row in rows]

    def sign_in(self, context: BrowserContext, name: str = "Alice") -> None:
        context.add_cookies([{"name": "ostiary", "value": self._words[name], "url": self.url}])

    def enter(self, looker: Looker, row: Row) -> None:
        """As whoever the row is for."""
        if WHO[row.route] is Who.ANYBODY:
            looker.context.clear_cookies(name="ostiary")
        else:
            self.sign_in(looker.context, VISITORS.get(row.path, "Alice"))

    def show(self, looker: Looker, row: Row, thing: str, query: str = "") -> None:
        looker.page.goto(f"{row.path.format(guid=thing, word=thing)}{query}")

    def send(self, looker: Looker, row: Row, thing: str, text: str) -> None:
        """The row's form, the text in all of its fields but for those that say what it is about."""
        path = row.path.format(guid=thing, word=thing)
        about = [(name, thing) for name, typed in row.form.items() if texts(typed) == ("{guid}",)]
        others = {*row.form, "next", "bank_guid", "cors_allowed_origins"} - {name for name, _ in about}
        fields = [(name, text + mark(name)) for name in others]
        with looker.page.expect_navigation():
            looker.page.evaluate(SEND, [path, [*about, *fields]])


@contextmanager
def haunted(folder: Path, browser: Browser) -> Iterator[Haunted]:
    """On SQLite, whatever the tests run on: what a page makes of a text does not depend on it."""
    port = free_port()
    put_migrated_file(folder / "ostiary.db")
    settings = Settings(
        data_dir=folder / "data",
        database_url=SecretStr(f"sqlite:///{folder / 'ostiary.db'}"),
        public_url=f"http://127.0.0.1:{port}",
        signup="open",
        owners_may_promote=True,
    )
    house = House(settings)
    with app_on(settings) as ostiary, closing(house.store):
        world = World(ostiary, settings, house.digester)
        world.join("Zoe", Role.OWNER, add_organization(ostiary.store, "Zenith"))
        door = Door(ostiary)
        with serving(door, port):
            yield Haunted(world, door, browser, house)


# Each route once; what it is about does not change its templates.
# A link of the first start has a test of its own: there is nobody else as long as it counts.
ONCE = list({row.route: row for row in ROWS if row.about != "set-up link"}.values())
# A file is no page, and sent for download.
SHOWN = [row for row in ONCE if row.method == "GET" and row.path != "/activity.csv"]
SENT = [row for row in ONCE if row.method == "POST"]
