"""A proxy asks whether a request may pass, and learns who is asking."""

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.settings import Settings
from tests.oauth.desk import Answer, Desk
from tests.people import Cast, add_bank, open_login, user_token

PATH = "/oauth/authorize-request"
READS = "customers:read banks:read"


def ask(desk: Desk, token: str, required: str = "", *, path: str = PATH, method: str = "GET") -> Answer:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    if required:
        headers.append((b"ostiary-require-scope", required.encode()))
    return desk.request(path, headers, method=method)


def told(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("ostiary-")}


def test_says_who_is_asking(desk: Desk) -> None:
    answer = ask(desk, desk.token(desk.north, READS))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert told(answer) == {
        "ostiary-subject": desk.north.bank_guid,
        "ostiary-subject-type": "bank",
        "ostiary-client-id": desk.north.client_id,
        "ostiary-organization-guid": desk.north.organization_guid,
        "ostiary-bank-guid": desk.north.bank_guid,
        "ostiary-bank-type": "sandbox",
        "ostiary-customer-guid": "",
        "ostiary-scope": READS,
    }


def test_leaves_nothing_of_the_callers_own_for_a_proxy_to_copy(desk: Desk) -> None:
    found = told(ask(desk, desk.token(desk.acme, "banks:read")))
    assert (found["ostiary-subject-type"], found["ostiary-bank-guid"], found["ostiary-bank-type"]) == (
        "organization",
        "",
        "",
    )


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}/api/customers", f"{PATH}/a%00b"])
def test_lets_the_callers_method_and_path_decide_nothing(desk: Desk, method: str, path: str) -> None:
    token = desk.token(desk.north, READS)
    assert ask(desk, token, "customers:read", path=path, method=method).status == 200
    assert ask(desk, token, "customers:execute", path=path, method=method).status == 403


@pytest.mark.parametrize(
    ("required", "status"),
    [
        ("customers:read", 200),
        (f"  {READS} ", 200),
        ("customers:read customers:execute", 403),
        ("customers:READ", 403),
        ("nonsense", 403),
        ('customers:read" x="', 400),
    ],
)
def test_asks_for_every_scope_the_proxy_names(desk: Desk, required: str, status: int) -> None:
    answer = ask(desk, desk.token(desk.north, READS), required)
    assert answer.status == status
    if status == 403:
        assert answer.json["message_code"] == "invalid_scopes"
        assert f'scope="{required}"' in answer.headers["www-authenticate"]
        assert told(answer) == {}


def test_explains_a_token_that_counts_no_more(desk: Desk) -> None:
    token = desk.token(desk.north, READS)
    with desk.store.writing() as db:
        db.execute(sa.update(Application).values(revoked_at=clock.now()))
    answer = ask(desk, token)
    assert (answer.status, answer.json["error_message"]) == (401, "Credential revoked")
    assert answer.json["what_to_do"]
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_never_looks_like_a_yes_to_a_proxy_that_wants_the_words(desk: Desk) -> None:
    token = desk.token(desk.north, READS)
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"ostiary-was-refused", b"1")]
    answer = desk.request(PATH, headers)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert told(answer) == {}
    assert desk.request(PATH, headers[1:]).status == 401


def test_asks_for_a_token_where_there_is_none(desk: Desk) -> None:
    answer = desk.request(PATH, [])
    assert (answer.status, answer.json["message_code"]) == (401, "authentication_malformed")


def test_gives_a_person_what_their_role_holds_in_that_bank(desk: Desk, settings: Settings) -> None:
    cast = Cast(desk.ostiary, settings)
    vault = add_bank(cast.store, cast.acme, "Vault", is_production=True)

    def held_in(bank: str | None) -> str:
        login = open_login(cast.store, cast["Dana"], bank_guid=bank, scope="customers:read customers:execute")
        return told(ask(desk, user_token(desk.ostiary, login)))["ostiary-scope"]

    # A developer does everything in sandboxes, and reads elsewhere.
    assert held_in(cast.north) == "customers:read customers:execute"
    assert held_in(vault) == held_in(None) == "customers:read"


def test_obeys_the_addresses_of_a_key(desk: Desk) -> None:
    key = desk.key(desk.north.organization_guid, desk.north.bank_guid, "192.0.2.0/24")
    token = desk.token(key, peer="192.0.2.7")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    assert desk.request(PATH, headers, peer="192.0.2.9").status == 200
    assert desk.request(PATH, headers, peer="198.51.100.1").status == 403
