"""Bodies of the API that cannot be read, and what each is answered: a 4xx in the platform's own words."""

import json
from collections.abc import Iterator

import pytest

from ostiary.app import Ostiary
from tests.oauth.desk import Answer, Desk, open_desk

pytestmark = pytest.mark.any_database

JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
LIMIT_BYTES = 64 * 1024


@pytest.fixture
def desk(ostiary: Ostiary) -> Iterator[Desk]:
    with open_desk(ostiary) as opened:
        yield opened


def post(desk: Desk, body: bytes, kind: tuple[bytes, bytes] = JSON) -> Answer:
    headers = [(b"authorization", f"Bearer {desk.token(desk.north)}".encode()), kind]
    return desk.request("/api/customers", headers, method="POST", body=body)


def assert_refused(answer: Answer, status: int, code: str, text: str) -> None:
    assert (answer.status, answer.json["message_code"]) == (status, code), answer.body
    assert answer.json["status"] == status
    assert text in answer.json["error_message"]


UNREADABLE: dict[bytes, tuple[str, str]] = {
    b"": ("invalid_value", "not valid JSON"),
    b"{": ("invalid_value", "not valid JSON"),
    b"[]": ("invalid_value", "body: must be a JSON object"),
    b"null": ("invalid_value", "body: must be a JSON object"),
    b'"individual"': ("invalid_value", "body: must be a JSON object"),
    b"{}": ("missing_parameter", "Missing parameter. Required: type"),
    b'{"type": "individual"} {}': ("invalid_value", "not valid JSON"),
    b'{"type": "individual\xff"}': ("invalid_value", "not valid JSON"),
    b'{"type": "nobody"}': ("invalid_value", 'supported values: ["individual", "business"]'),
    b'{"type": ["individual"]}': ("invalid_value", "type"),
    b'{"type": "individual", "colour": "blue"}': ("invalid_parameter", "Unknown parameter: colour"),
    b'{"type": "individual", "address": "here"}': ("invalid_value", "address: must be a JSON object"),
    b'{"type": "individual", "website": "\\u0000"}': ("invalid_value", "U+0000"),
    b'{"type": "individual", "website": "\\ud800"}': ("invalid_value", "website"),
    b'{"type": "individual", "date_of_birth": 1e400}': ("invalid_value", "date_of_birth"),
    b'{"type": "individual", "address": {"city": "x"}}': ("missing_parameter", "address.street, address.country_code"),
    b'{"type": "individual", "labels": ["' + b"x" * 65 + b'"]}': ("invalid_value", "at the most 64 characters long"),
    b"[" * 30_000: ("invalid_value", "not valid JSON"),
}


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:40]))
def test_says_what_is_wrong_with_a_body(desk: Desk, body: bytes) -> None:
    assert_refused(post(desk, body), 400, *UNREADABLE[body])


@pytest.mark.parametrize("kind", [FORM, (b"content-type", b"text/plain"), (b"content-type", b"application/xml")])
def test_reads_nothing_but_json(desk: Desk, kind: tuple[bytes, bytes]) -> None:
    body = b"type=individual" if kind == FORM else b'{"type": "individual"}'
    assert_refused(post(desk, body, kind), 400, "invalid_value", "body")


def test_finds_no_token_in_a_body_beside_the_header(desk: Desk) -> None:
    # RFC 6750 §2: one way at a time; a form is no body of this API, and JSON has no such member.
    token = desk.token(desk.north)
    assert_refused(post(desk, b"access_token=" + token.encode(), FORM), 400, "invalid_value", "body")
    both = json.dumps({"type": "individual", "access_token": token}).encode()
    answer = post(desk, both)
    assert_refused(answer, 400, "invalid_parameter", "access_token")
    assert token not in answer.body.decode()


def test_refuses_a_body_over_64_kib(desk: Desk) -> None:
    body = b'{"type": "individual"}'
    assert post(desk, body.ljust(LIMIT_BYTES)).status == 201
    assert_refused(post(desk, body.ljust(LIMIT_BYTES + 1)), 413, "invalid_value", "larger than 65536 bytes")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 30_000, b"null", b"{}"])
def test_judges_a_body_after_the_door_and_the_look_up(desk: Desk, body: bytes) -> None:
    tokens = {"no scope": desk.token(desk.north, "customers:read"), "wrong subject": desk.token(desk.acme)}
    for why, status in (("no scope", 403), ("wrong subject", 401)):
        headers = [(b"authorization", f"Bearer {tokens[why]}".encode()), JSON]
        assert desk.request("/api/customers", headers, method="POST", body=body).status == status
    headers = [(b"authorization", f"Bearer {desk.token(desk.north)}".encode()), JSON]
    assert desk.request(f"/api/banks/{'0' * 32}", headers, method="PATCH", body=body).status == 404


def test_names_every_method_of_a_path_it_refuses_another_on(desk: Desk) -> None:
    headers = [(b"authorization", f"Bearer {desk.token(desk.north)}".encode())]
    for path, allowed in (("/api/customers", "GET, POST"), (f"/api/banks/{desk.north.bank_guid}", "GET, PATCH")):
        answer = desk.request(path, headers, method="DELETE")
        assert_refused(answer, 405, "invalid_request", "Method Not Allowed")
        assert answer.headers["allow"] == allowed
