"""Every page worth looking at, with real data: one place per page, and the ways in which pages look different."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Response
from pydantic import SecretStr

from ostiary import clock
from ostiary.oauth import device_codes
from ostiary.oauth.device_codes import Asked
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.presented import Digests
from ostiary.settings import Settings
from ostiary.users import one_time_links
from ostiary.users.models import LinkPurpose
from tests.apps import app_on
from tests.browser import Visit, visiting
from tests.databases import put_migrated_file
from tests.live import LiveServer, environment, free_port, start_server
from tests.pages.filled import Filled

SIZES = {"1280": {"width": 1280, "height": 800}, "390": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
KEY = "/developers/keys/{key}"
OBSERVED = "/developers/keys/{observed}"


@dataclass(frozen=True)
class Place:
    """A page, who looks at it, and what they type and press before it is looked at."""

    name: str
    path: str
    who: str = "Alice"
    fill: Mapping[str, str] = field(default_factory=dict)
    is_sent: bool = False
    status: int = 200


PLACES = [
    Place("sign-in", "/sign-in", ""),
    Place("sign-in-refused", "/sign-in", "", {"email": "alice@example.com", "password": "wrong"}, True, 401),
    Place("sign-up", "/sign-up", ""),
    Place("join", "{join}", ""),
    Place("join-signed-in", "{join}"),
    Place("new-password", "{new-password}", ""),
    Place("new-password-refused", "{new-password}", "", {"password": "password1234"}, is_sent=True, status=400),
    Place("link-over", "/join/nobodys", "", status=410),
    Place("not-found", f"/developers/keys/{'0' * 32}", status=404),
    Place("not-allowed", "/developers/keys/new", "Bob", status=403),
    Place("device", "/device"),
    Place("device-unknown", "/device?user_code=BCDF-GHJK", status=404),
    Place("device-approval", "/device?user_code={code}"),
    Place("device-approval-refused", "/device?user_code={code}", is_sent=True, status=422),
    Place("device-elsewhere", "/device?user_code={code-elsewhere}"),
    Place("device-approved", "/device?done=login-approved"),
    Place("device-denied", "/device?done=login-denied"),
    Place("start-organization", "/start", "Nemo"),
    Place("start-organization-page", "/start/organization", "Nemo"),
    Place("start-bank", "/start/bank", "Zoe"),
    Place("overview-empty", "/overview", "Zoe"),
    Place("developers-empty", "/developers", "Zoe"),
    Place("customers-empty", "/customers", "Zoe"),
    Place("banks-empty", "/banks", "Zoe"),
    Place("team-alone", "/team", "Zoe"),
    Place("activity-empty", "/activity?key=nobody", "Zoe"),
    Place("overview", "/overview"),
    Place("overview-bank", "/overview?bank={north}"),
    Place("developers", "/developers"),
    Place("developers-bank", "/developers?bank={north}"),
    Place("developers-production", "/developers?bank={south}"),
    Place("developers-none-found", "/developers?search=nothing"),
    Place("developers-viewer", "/developers", "Bob"),
    Place("new-key", "/developers/keys/new?bank={north}"),
    Place("new-key-organization", "/developers/keys/new?kind=organization"),
    Place("new-key-refused", "/developers/keys/new?bank={south}", fill={"name": " "}, is_sent=True, status=400),
    Place("shown-once", "/developers/keys/new?bank={north}", is_sent=True),
    Place("already-shown", f"{KEY}/shown"),
    Place("first-token", f"{KEY}/first-token"),
    Place("key", KEY),
    Place("key-paused", "/developers/keys/{paused}"),
    Place("key-revoked", "/developers/keys/{revoked}"),
    Place("key-expired", "/developers/keys/{expired}"),
    Place("key-ending", "/developers/keys/{ending}"),
    Place("key-edit", f"{KEY}/edit"),
    Place("key-pause", f"{KEY}/pause"),
    Place("key-pause-refused", f"{KEY}/pause", is_sent=True, status=422),
    Place("key-revocation", f"{KEY}/revocation"),
    Place("key-replacement", f"{KEY}/replacement"),
    Place("key-observed", OBSERVED),
    Place("key-observed-viewer", OBSERVED, "Bob"),
    Place("key-observation", "/developers/keys/{unlisted}/observation"),
    Place("key-observation-over", f"{KEY}/observation"),
    Place("key-observation-end", f"{OBSERVED}/observation/end"),
    Place("key-addresses", f"{OBSERVED}/addresses"),
    Place("key-addresses-refused", f"{OBSERVED}/addresses", fill={"ip_allowlist": "home"}, is_sent=True, status=400),
    Place("key-addresses-empty", "/developers/keys/{unused}/addresses"),
    Place("key-switch-over", f"{OBSERVED}/switch-over"),
    Place("key-switch-over-refused", f"{OBSERVED}/switch-over", is_sent=True, status=422),
    Place("key-switch-over-empty", "/developers/keys/{unused}/switch-over"),
    Place("customers", "/customers"),
    Place("customers-none-found", "/customers?guid=nothing"),
    Place("customer", "/customers/{customer}"),
    Place("customer-viewer", "/customers/{customer}", "Bob"),
    Place("banks", "/banks"),
    Place("bank", "/banks/{north}"),
    Place("bank-new", "/banks/new"),
    Place("bank-new-refused", "/banks/new", fill={"name": " "}, is_sent=True, status=400),
    Place("bank-edit", "/banks/{north}/edit"),
    Place("bank-promotion", "/banks/{north}/promotion"),
    Place("team", "/team"),
    Place("invitation-new", "/team/invitations"),
    Place("invitation", "/team/invitations", fill={"email": "{new}@example.com"}, is_sent=True),
    Place("member", "/team/{dana}"),
    Place("member-viewer", "/team/{dana}", "Bob"),
    Place("disablement", "/team/{dana}/disablement"),
    Place("withdrawal", "/team/{carol}/withdrawal"),
    Place("activity", "/activity"),
    Place("token-doctor", "/token-doctor"),
    Place("token-doctor-refused", "/token-doctor", fill={"pasted": "hello"}, is_sent=True, status=422),
    Place("token-doctor-expired", "/token-doctor", fill={"pasted": "{expired-token}"}, is_sent=True),
    Place("settings", "/settings"),
    Place("account", "/settings/account"),
]


class Gallery:
    """A server with Acme on it, and browsers of the people who look."""

    def __init__(self, server: LiveServer, browser: Browser, filled: Filled, words: Mapping[str, str]) -> None:
        self.server, self.browser, self.filled, self.words = server, browser, filled, words
        self._tabs: dict[str, tuple[Visit, Page]] = {}
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()

    @contextmanager
    def at(self, place: Place) -> Iterator[Page]:
        """The page, as it is to be looked at; fails at an answer that is not the expected one."""
        visit, page = self._tab(place.who)
        page.set_viewport_size(SIZES["1280"])  # type: ignore[arg-type]  # a dict with both members
        # What was wrong with the place before has been said there.
        visit.complaints.clear()
        visit.asked_outside.clear()
        answers: list[Response] = []

        def note(answer: Response) -> None:
            answers.append(answer)

        page.on("response", note)
        page.goto(self._spelled(place.path))
        for name, value in place.fill.items():
            page.fill(f"main [name={name}]", self._spelled(value))
        if place.is_sent:
            # The server is to refuse it, not the browser.
            page.eval_on_selector_all("form", "forms => forms.forEach(form => form.noValidate = true)")
            page.click("main form.form button[type=submit]")
        page.wait_for_load_state("load")
        page.remove_listener("response", note)
        pages = [answer for answer in answers if answer.request.resource_type == "document"]
        assert pages[-1].status == place.status, f"{place.name}: {pages[-1].status} {page.url}"
        # A refusal is what some places are about, and Chromium says each of them in its console.
        visit.complaints = [said for said in visit.complaints if "Failed to load resource" not in said]
        yield page
        visit.assert_quiet()

    def _tab(self, who: str) -> tuple[Visit, Page]:
        """Everybody keeps one: Chromium takes longer to open it than to show a page."""
        if who not in self._tabs:
            visit = self._open.enter_context(visiting(self.browser, self.server.base_url))
            if who:
                word = self.filled.word[who]
                visit.context.add_cookies([{"name": "ostiary", "value": word, "url": self.server.base_url}])
            self._tabs[who] = visit, visit.context.new_page()
        return self._tabs[who]

    def _spelled(self, text: str) -> str:
        for name, word in self.words.items():
            text = text.replace("{" + name + "}", word)
        return text


@contextmanager
def opened(folder: Path, browser: Browser) -> Iterator[Gallery]:
    """On SQLite: what pages look like does not depend on the database."""
    port = free_port()
    put_migrated_file(folder / "ostiary.db")
    url = f"sqlite:///{folder / 'ostiary.db'}"
    settings = Settings(
        data_dir=folder / "data", database_url=SecretStr(url), public_url=f"http://127.0.0.1:{port}", signup="open"
    )
    with app_on(settings) as ostiary:
        filled = Filled(ostiary, settings).fill()
        words = named(filled)
    with (
        start_server(
            environment(settings.data_dir, url) | {"OSTIARY_SIGNUP": "open", "OSTIARY_OWNERS_MAY_PROMOTE": "true"}, port
        ) as server,
        closing(Gallery(server, browser, filled, words)) as gallery,
    ):
        yield gallery


def user_code(filled: Filled, bank_guid: str | None) -> str:
    """Of a program that waits for longer than usual."""
    store, digests = filled.ostiary.store, Digests(filled.ostiary.token.client.digester)
    asked = Asked(None, bank_guid, "198.51.100.4", "ostiary/0 (Linux)")
    with store.writing() as db:
        made = device_codes.create(db, store, digests, asked)
        db.execute(sa.update(DeviceCode).values(expires_at=clock.now() + dt.timedelta(days=1)))
    return made.user_code


def named(filled: Filled) -> dict[str, str]:
    """What stands in braces in the table."""
    keys = {name: pair.guid for name, pair in filled.key.items()}
    with filled.ostiary.store.writing() as db:
        join = one_time_links.make(db, LinkPurpose.INVITATION, membership_guid=filled.member["Carol"])
        user_guid = filled.people["Bob"].user_guid
        new_password = one_time_links.make(db, LinkPurpose.NEW_PASSWORD, user_guid=user_guid)
    return {
        "code": user_code(filled, None),
        "code-elsewhere": user_code(filled, "0" * 32),
        "north": filled.bank["North"],
        "south": filled.bank["South"],
        "key": keys["North checkout"],
        "paused": keys["Partner demo"],
        "revoked": keys["Leaked in a chat"],
        "expired": keys["Old importer"],
        "ending": keys["Loyalty app"],
        "observed": keys["Price checker"],
        "unused": keys["Stock levels"],
        "unlisted": keys["Loyalty app, new"],
        "customer": filled.customer,
        "dana": filled.member["Dana"],
        "carol": filled.member["Carol"],
        "join": join,
        "new-password": new_password,
        "expired-token": filled.expired_token,
        "new": f"new-{clock.now():%H%M%S%f}",
    }
