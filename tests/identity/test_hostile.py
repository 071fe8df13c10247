"""Bodies, names and pages that nobody should send: refused by an explicit list, and nothing else happens."""

import random
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import tables
from ostiary.db.store import Store
from tests.identity.keys_of_people import KEYS, ORGANIZATION_KEYS, new_key, program
from tests.people import Cast

pytestmark = pytest.mark.any_database


USERS = "/api/users"
# The columns of every table, and what frameworks and languages have been fooled with.
FIELDS = sorted(
    {column.name for table in tables.metadata.tables.values() for column in table.columns}
    | {*("org_id", "id", "_id", "admin", "is_admin", "isOwner", "owner", "roles", "permissions", "client_secret")}
    | {*("__class__", "__proto__", "constructor", "$where", "created_by", "user[role]", "user.role", "role ", "ROLE")}
)
VALUES: tuple[object, ...] = ("owner", "0" * 32, 1, True, ["owner"], {"role": "owner"})


def fuzzed(count: int) -> Iterator[str]:
    dice = random.Random(4)  # noqa: S311  # no secret
    for _ in range(count):
        yield "".join(dice.choices(string.ascii_letters + "_-$.[] \u00e9", k=dice.randint(1, 24)))


class Stand:
    """A key of each kind, and somebody, with what may be sent to make and to change them."""

    def __init__(self, cast: Cast, alice: TestClient) -> None:
        self.store, self.alice = cast.store, alice
        bank_key = alice.post(KEYS, json=new_key(bank_guid=cast.north)).json()["client_id"]
        own_key = alice.post(ORGANIZATION_KEYS, json=new_key()).json()["client_id"]
        self.ones = {
            f"{KEYS}/{bank_key}": {"name": "Till"},
            f"{ORGANIZATION_KEYS}/{own_key}": {"name": "Till"},
            f"{USERS}/{cast['Bob'].membership_guid}": {"role": "developer"},
        }
        self.creates: dict[str, dict[str, Any]] = {
            KEYS: new_key(bank_guid=cast.north),
            ORGANIZATION_KEYS: new_key(),
            USERS: {"email": "eve@example.com"},
        }

    def bodies(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        yield from (("POST", path, body) for path, body in self.creates.items())
        yield from (("PATCH", path, body) for path, body in self.ones.items())


@pytest.fixture
def stand(cast: Cast) -> Stand:
    return Stand(cast, program(cast, "Alice"))


def rows(store: Store) -> list[object]:
    """Everything that is stored."""
    with store.reading() as db:
        return [db.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables]


def known(path: str, name: str) -> bool:
    """Whether this is a member of the body, or `bank_guid`, which is ignored where it decides nothing."""
    members = {"email", "role", "allowed_scopes"} if path.startswith(USERS) else {"name", "expires_at", "ip_allowlist"}
    return name in {*members, "bank_guid"}


def test_stores_nothing_that_a_body_may_not_say(stand: Stand, count: Callable[[int, int], int]) -> None:
    """A body says what is on the list for its operation, and nothing else."""
    before = rows(stand.store)
    for method, path, body in stand.bodies():
        for number, name in enumerate([*FIELDS, *fuzzed(count(20, 100))]):
            if known(path, name):
                continue
            answer = stand.alice.request(method, path, json={**body, name: VALUES[number % len(VALUES)]})
            assert (answer.status_code, answer.json()["message_code"]) == (400, "invalid_parameter"), (path, name)
    assert rows(stand.store) == before


def test_stores_nothing_that_is_hidden_deeper(stand: Stand) -> None:
    """What is refused at the top is refused further down."""
    before = rows(stand.store)
    for method, path, body in stand.bodies():
        for member in body:
            for value in ({"role": "owner"}, [{"role": "owner"}], {member: body[member]}, [[body[member]]]):
                answer = stand.alice.request(method, path, json={**body, member: value})
                assert answer.status_code == 400, (path, member, answer.text)
    assert rows(stand.store) == before


def test_takes_nothing_from_queries_and_headers(stand: Stand) -> None:
    """Only the body says what is to be stored."""
    loud = {"role": "owner", "name": "Loud", "organization_guid": "0" * 32, "scopes": "everything", "email": "x@y"}
    headers = {f"X-{name.replace('_', '-')}": value for name, value in loud.items()}
    for method, path, body in stand.bodies():
        answer = stand.alice.request(method, path, json=body, params=loud, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        shown = answer.json()
        assert "Loud" not in answer.text
        assert {name: shown[name] for name in body if name in shown and name != "expires_at"} == {
            name: value for name, value in body.items() if name in shown and name != "expires_at"
        }
        assert shown.get("role", "viewer") == body.get("role", "viewer")


ODD_PAGES = ["-1", "9223372036854775808", "1" * 400, "many", "1.5", "", "0x1", "\u0663", "1e3", "None", " "]


@pytest.mark.parametrize("path", [KEYS, ORGANIZATION_KEYS, USERS])
def test_answers_odd_pages_with_a_clear_text(stand: Stand, path: str) -> None:
    """Whatever a page number is, the answer is a text that names it, and no crash."""
    for parameter in ("page", "per_page"):
        for value in [*ODD_PAGES, *(["0", "101"] if parameter == "per_page" else ["10000001"])]:
            answer = stand.alice.get(path, params={parameter: value})
            # Digits of another script are digits to the reader of numbers; then the page is a correct one.
            if answer.status_code == 200:
                assert value == "\u0663"
                continue
            assert (answer.status_code, answer.json()["message_code"]) == (400, "invalid_value"), (parameter, value)
            assert parameter in answer.json()["error_message"]


@pytest.mark.parametrize("path", [KEYS, ORGANIZATION_KEYS, USERS])
def test_finds_nothing_behind_the_last_page(stand: Stand, path: str) -> None:
    """A page that is too high is empty, and those before it hold each one once."""
    whole = stand.alice.get(path).json()
    behind = stand.alice.get(path, params={"page": 10_000_000, "per_page": 100}).json()
    assert (behind["objects"], behind["total"], behind["per_page"]) == ([], whole["total"], 100)
    pages = [stand.alice.get(path, params={"page": page, "per_page": 1}).json() for page in range(whole["total"])]
    assert [each["guid"] for page in pages for each in page["objects"]] == [each["guid"] for each in whole["objects"]]
