"""Names that want to be more are names: every way in takes them as they are, and the API gives them back as JSON."""

import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from ostiary.customers.personal import PersonalData
from ostiary.settings import Settings
from ostiary.users.models import Role
from ostiary.users.schemas import folded
from ostiary.web.pages import Who
from tests.durability.direct import Pair, office
from tests.pages import hostile
from tests.pages.haunted import VISITORS, WHO
from tests.pages.rows import PASSWORD, ROWS, Row
from tests.pages.things import World
from tests.people import add_organization, browser

pytestmark = pytest.mark.any_database

NAMED = [row for row in ROWS if row.method == "POST" and "name" in row.form]
# Links are for one address, which their forms only show.
MAILED = [row for row in ROWS if row.route in {"POST /sign-up", "POST /team/invitations", "POST /set-up/{word}"}]
# No blanks in it, and letters that become others when an address is brought into its one spelling.
MAILBOX = "\N{FULLWIDTH LESS-THAN SIGN}img/src=x/onerror=canary()>\"'{{7*7}}"


def visitor(world: World, row: Row, who: str = "Alice") -> TestClient:
    return world.stranger() if WHO[row.route] is Who.ANYBODY else world.signed_in(who)


def kept(world: World, text: str) -> int:
    return sum(text.encode() in content for _, content in world.contents())


@pytest.mark.parametrize("name", [hostile.SHORT, "=HYPERLINK(1) {% raw %} can{{7*7}}ary &lt;b&gt;"])
def test_takes_a_name_as_it_is(world: World, name: str) -> None:
    world.join("Zoe", Role.OWNER, add_organization(world.store, "Zenith"))
    for row in NAMED:
        who = VISITORS.get(row.path, "Alice")
        thing = world[who].organization_guid if row.about == "organization" else world.own(row.about, world[who])
        before = kept(world, name)
        answer = world.ask(visitor(world, row, who), replace(row, form={**row.form, "name": name}), thing)
        assert answer.status_code in {200, 303}, f"{row}\n{answer.text}"
        assert kept(world, name) > before, str(row)
        assert name not in answer.text, str(row)


def test_takes_a_mailbox_as_it_is(world: World) -> None:
    for number, row in enumerate(MAILED):
        thing = world.own(row.about, world["Alice"])
        email = f"{MAILBOX}{number}@example.com"
        answer = world.ask(visitor(world, row), replace(row, form={**row.form, "email": email}), thing)
        assert answer.status_code in {200, 303}, f"{row}\n{answer.text}"
        assert kept(world, folded(email)), str(row)
        assert "<img" not in answer.text, str(row)


def test_names_a_browser_by_a_word_of_ours(world: World) -> None:
    visiting = browser(world.ostiary, world.settings)
    form = {"email": "alice@example.com", "password": PASSWORD}
    assert visiting.post("/sign-in", data=form, headers={"User-Agent": hostile.SHORT}).status_code == 303
    assert kept(world, hostile.SHORT) == 0
    assert "An unknown browser" in visiting.get("/settings/account").text
    assert hostile.RUN not in visiting.get("/settings/account").text


class Program:
    """Asks the API with a token, and reads nothing that is not JSON."""

    def __init__(self, world: World, pair: Pair) -> None:
        self._client = world.stranger()
        body = {"grant_type": "client_credentials", "client_id": pair.client_id, "client_secret": pair.secret}
        token = self._client.post("/oauth/token", data=body).json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: object = None) -> str:
        answer = self._client.request(method, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        return answer.text


def test_gives_names_back_as_json(world: World, settings: Settings) -> None:
    with office(settings) as desk:
        bank = world.sandboxes[world.acme]
        owner, program = Program(world, desk.organization_key(world.acme)), Program(world, desk.key(bank))
    person = hostile.personal(PersonalData, hostile.SHORT) | {"labels": [hostile.ADDRESS], "type": "individual"}
    made = json.loads(program.ask("POST", "/api/customers", person))
    assert made["labels"] == [hostile.ADDRESS]
    for text in (
        owner.ask("PATCH", f"/api/organizations/{world.acme}", {"name": hostile.SHORT}),
        owner.ask("PATCH", f"/api/banks/{bank}", {"name": hostile.SHORT}),
        program.ask("GET", f"/api/customers/{made['guid']}?include_pii=true"),
    ):
        assert json.dumps(hostile.SHORT)[1:-1] in text
