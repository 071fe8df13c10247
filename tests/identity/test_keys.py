"""Keys by API: people's programs make, change and delete them; the secret is in one answer, and keys make no keys."""

import datetime as dt
import json
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response

from ostiary import clock
from ostiary.access.scopes import MANAGEMENT, Scope
from ostiary.applications.models import Application
from ostiary.banks import service as banks
from ostiary.crypto import guids
from ostiary.events.models import Event
from tests.identity.keys_of_people import KEYS, ORGANIZATION_KEYS, in_days, new_key, program, token_answer, with_token
from tests.people import ADDRESS, OPERATOR, Cast

BOTH = [KEYS, ORGANIZATION_KEYS]


def body_for(path: str, cast: Cast, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return new_key(bank_guid=cast.north if path == KEYS else None, **more)


def made(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message_code"]


def keys_of(cast: Cast) -> int:
    with cast.store.reading() as db:
        return db.scalar(sa.text("SELECT count(*) FROM applications")) or 0


@pytest.mark.parametrize("path", BOTH)
def test_makes_a_key_that_works(cast: Cast, path: str) -> None:
    answer = program(cast, "Alice").post(path, json=body_for(path, cast, ip_allowlist=[ADDRESS]))
    pair = made(answer)
    assert (pair["name"], pair["ip_allowlist"]) == ("Payments", [f"{ADDRESS}/32"])
    assert answer.headers["cache-control"] == "no-store"
    status, token = token_answer(cast, pair["client_id"], pair["secret"])
    assert status == 200
    banks = with_token(cast, token["access_token"]).get("/api/banks").json()["objects"]
    expected = {cast.north} if path == KEYS else {cast.north, cast.south}
    assert {bank["guid"] for bank in banks} == expected


@pytest.mark.parametrize("path", BOTH)
def test_shows_the_secret_in_that_answer_alone(cast: Cast, path: str) -> None:
    alice = program(cast, "Alice")
    pair = made(alice.post(path, json=body_for(path, cast)))
    one = f"{path}/{pair['client_id']}"
    for answer in (alice.get(one), alice.get(path), alice.patch(one, json={"name": "Other"})):
        assert answer.status_code == 200
        assert "secret" not in answer.text
    with cast.store.reading() as db:
        assert pair["secret"] not in str(db.scalars(sa.select(Event.facts)).all())


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("by", ["client_id", "guid"])
def test_gets_changes_and_deletes_by_client_id_and_by_guid(cast: Cast, path: str, by: str) -> None:
    alice = program(cast, "Alice")
    pair = made(alice.post(path, json=body_for(path, cast)))
    one = f"{path}/{pair[by]}"
    assert alice.get(one).json()["guid"] == pair["guid"]
    changed = alice.patch(one, json={"name": "Till", "ip_allowlist": ["192.0.2.0/24"]}).json()
    assert (changed["name"], changed["ip_allowlist"]) == ("Till", ["192.0.2.0/24"])
    assert alice.patch(one, json={"ip_allowlist": []}).json()["ip_allowlist"] == []
    answer = alice.delete(one)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("path", BOTH)
def test_answers_about_a_deleted_key_as_about_one_that_never_was(cast: Cast, path: str) -> None:
    alice = program(cast, "Alice")
    pair = made(alice.post(path, json=body_for(path, cast)))
    status, token = token_answer(cast, pair["client_id"], pair["secret"])
    assert status == 200
    one, nobody = f"{path}/{pair['client_id']}", f"{path}/{guids.new()}"
    assert alice.delete(one).status_code == 204
    for verb in ("GET", "PATCH", "DELETE"):
        answer, never = (alice.request(verb, url, json={"name": "x"}) for url in (one, nobody))
        assert (answer.status_code, answer.content) == (404, never.content)
    assert alice.get(path).json()["total"] == 0
    assert token_answer(cast, pair["client_id"], pair["secret"])[0] == 401
    assert with_token(cast, token["access_token"]).get("/api/banks").json()["error_message"] == "Credential revoked"


def test_asks_for_the_bank_where_the_login_has_none(cast: Cast) -> None:
    answer = program(cast, "Alice").post(KEYS, json=new_key())
    assert refusal(answer) == (400, "missing_parameter")
    assert answer.json()["error_message"] == "Missing parameter. Required: bank_guid"


@pytest.mark.parametrize("named", ["south", 17, "x", ["a"], None])
def test_takes_the_bank_of_the_login_whatever_is_sent(cast: Cast, named: object) -> None:
    sent = {**new_key(), "bank_guid": cast.south if named == "south" else named}
    pair = made(program(cast, "Alice", bank_guid=cast.north).post(KEYS, json=sent))
    with cast.store.reading() as db:
        assert db.scalar(sa.select(Application.bank_guid).where(Application.guid == pair["guid"])) == cast.north


def test_finds_no_foreign_bank_to_make_a_key_for(cast: Cast) -> None:
    alice = program(cast, "Alice")
    never = alice.post(KEYS, json=new_key(bank_guid=guids.new()))
    assert refusal(never) == (404, "not_found")
    odd = [cast.east, cast.north.upper(), cast.north + "\0", f" {cast.north}", "\ud800" * 32, "null", "%00"]
    for bank_guid in odd:
        # As ASCII, which the client itself does not write: half a character has no other way into JSON.
        sent = json.dumps(new_key(bank_guid=bank_guid))
        answer = alice.post(KEYS, content=sent, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.content) == (404, never.content)
    assert keys_of(cast) == 0


@pytest.mark.parametrize(
    ("flaw", "code", "says"),
    [
        ({"expires_at": None}, "missing_parameter", "expires_at"),
        ({"name": None}, "missing_parameter", "name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid_value", "must lie in the future"),
        ({"expires_at": in_days(4000)}, "invalid_value", "within ten years"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "invalid_value", "within ten years"),
        ({"expires_at": "0001-01-01T00:00:00+12:00"}, "invalid_value", "within ten years"),
        ({"expires_at": "soon"}, "invalid_value", "expires_at"),
        ({"name": "x" * 129}, "invalid_value", "at the most 128"),
        ({"name": " "}, "invalid_value", "must not be blank"),
        ({"ip_allowlist": ["everywhere"]}, "invalid_value", "ip_allowlist"),
        ({"ip_allowlist": ["0.0.0.0/0"]}, "invalid_value", "ip_allowlist"),
        ({"secret": "chosen by me"}, "invalid_parameter", "Unknown parameter: secret"),
    ],
)
@pytest.mark.parametrize("path", BOTH)
def test_says_what_is_wrong_with_a_new_key(cast: Cast, path: str, flaw: dict[str, Any], code: str, says: str) -> None:
    answer = program(cast, "Alice").post(path, json=body_for(path, cast, **flaw))
    assert refusal(answer) == (400, code)
    assert says in answer.json()["error_message"]
    assert "chosen by me" not in answer.text
    assert keys_of(cast) == 0


def test_takes_a_date_without_a_zone_for_utc(cast: Cast) -> None:
    naive = (clock.now() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    pair = made(program(cast, "Alice").post(ORGANIZATION_KEYS, json=new_key(expires_at=naive)))
    assert pair["expires_at"] == f"{naive}.000Z"


def test_asks_for_addresses_where_the_bank_is_production(cast: Cast) -> None:
    with cast.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    alice = program(cast, "Alice")
    assert refusal(alice.post(KEYS, json=new_key(bank_guid=cast.north))) == (422, "missing_parameter")
    pair = made(alice.post(KEYS, json=new_key(bank_guid=cast.north, ip_allowlist=["192.0.2.1"])))
    answer = alice.patch(f"{KEYS}/{pair['client_id']}", json={"ip_allowlist": []})
    assert refusal(answer) == (422, "missing_parameter")


@pytest.mark.parametrize("path", BOTH)
def test_lets_nobody_make_a_key_that_holds_more_than_they_do(cast: Cast, path: str) -> None:
    for who, scope in (("Bob", None), ("Alice", "bank_applications:execute organization_applications:execute")):
        answer = program(cast, who, scope=scope).post(path, json=body_for(path, cast))
        assert answer.status_code == 403
    assert keys_of(cast) == 0


def test_lets_a_developer_make_keys_in_sandbox_banks_alone(cast: Cast) -> None:
    with cast.store.writing() as db:
        banks.promote(db, OPERATOR, cast.south)
    dana = program(cast, "Dana")
    made(dana.post(KEYS, json=new_key(bank_guid=cast.north)))
    there = dana.post(KEYS, json=new_key(bank_guid=cast.south, ip_allowlist=["192.0.2.1"]))
    assert refusal(there) == (403, "invalid_scopes")
    assert refusal(dana.post(ORGANIZATION_KEYS, json=new_key())) == (403, "invalid_scopes")


@pytest.mark.parametrize("path", BOTH)
def test_hides_keys_of_other_organizations(cast: Cast, path: str) -> None:
    pair = made(program(cast, "Alice").post(path, json=body_for(path, cast)))
    mallory = program(cast, "Mallory")
    never = mallory.get(f"{path}/{guids.new()}")
    for name in (pair["client_id"], pair["guid"]):
        for verb in ("GET", "PATCH", "DELETE"):
            answer = mallory.request(verb, f"{path}/{name}", json={"name": "Mine"})
            assert (answer.status_code, answer.content) == (404, never.content)
    assert mallory.get(path).json()["objects"] == []
    assert token_answer(cast, pair["client_id"], pair["secret"])[0] == 200


@pytest.mark.parametrize("path", BOTH)
def test_lets_no_key_manage_keys(cast: Cast, path: str) -> None:
    alice = program(cast, "Alice")
    for kind in BOTH:
        pair = made(alice.post(kind, json=body_for(kind, cast)))
        key = with_token(cast, token_answer(cast, pair["client_id"], pair["secret"])[1]["access_token"])
        one = f"{path}/{pair['client_id']}"
        sent = body_for(path, cast)
        for answer in (key.post(path, json=sent), key.patch(one, json={"name": "Mine"}), key.delete(one)):
            assert (answer.status_code, answer.json()["error_message"]) == (
                401,
                "Invalid Subject type. Required: user",
            )
    assert keys_of(cast) == 2


def test_gives_no_key_a_management_scope(cast: Cast) -> None:
    alice = program(cast, "Alice")
    for kind in BOTH:
        pair = made(alice.post(kind, json=body_for(kind, cast)))
        assert not MANAGEMENT.intersection(map(Scope, pair["scopes"]))
        _, token = token_answer(cast, pair["client_id"], pair["secret"])
        assert not MANAGEMENT.intersection(map(Scope, token["scope"].split()))
