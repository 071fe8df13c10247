"""What arrives at POST /oauth/token: two forms of body, one reading of each, and a sentence for everything else."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oauth.desk import Desk
from tests.oauth.window import FORM, GRANT, JSON, assert_refused, good, post, post_form

pytestmark = pytest.mark.any_database


def test_reads_json_and_forms_alike(desk: Desk) -> None:
    for answer in (post(desk, good(desk.north)), post_form(desk, good(desk.north))):
        assert answer.status == 200, answer.body
        assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope", "created_at"}
        assert answer.json["token_type"] == "Bearer"


@pytest.mark.parametrize(
    "content_type",
    [b"application/json; charset=utf-8", b"application/json;charset=UTF-8", b'Application/JSON; charset="utf-8"'],
)
def test_reads_utf8_by_all_its_names(desk: Desk, content_type: bytes) -> None:
    assert post(desk, good(desk.north), (b"content-type", content_type)).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        b"",
        b"text/plain",
        b"application/xml",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=utf-16",
        b"application/json; charset=utf-7",
        b"application/json, text/plain",
    ],
)
def test_refuses_other_kinds_of_body(desk: Desk, content_type: bytes) -> None:
    assert_refused(post(desk, good(desk.north), (b"content-type", content_type)), "invalid_request", 415, "Send the")


def test_refuses_two_kinds_of_body_at_once(desk: Desk) -> None:
    assert_refused(post(desk, good(desk.north), JSON, FORM), "invalid_request", 415)


def test_refuses_an_encoded_body(desk: Desk) -> None:
    assert_refused(post(desk, good(desk.north), JSON, (b"content-encoding", b"gzip")), "invalid_request", 415)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}{}",
        b'{"grant_type":NaN}',
        b"{'grant_type':'client_credentials'}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"grant_type":"client_cred\xff"}',
        b'{"a":' + b"[" * 8000,
        b'{"grant_type":"\x00"}',
    ],
)
def test_refuses_what_is_no_json_object(desk: Desk, body: bytes) -> None:
    assert_refused(post(desk, body), "invalid_request", says="JSON")


@pytest.mark.parametrize("body", [b"grant_type", b"grant_type=%ff", b"grant_type=\xff", b"a=1&" * 200 + b"b=2"])
def test_refuses_what_is_no_form(desk: Desk, body: bytes) -> None:
    assert_refused(post(desk, body, FORM), "invalid_request", says="form")


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "scope"])
@pytest.mark.parametrize("value", [1, True, ["x"], {"a": "b"}, 1.5])
def test_refuses_a_parameter_that_is_no_text(desk: Desk, name: str, value: object) -> None:
    assert_refused(post(desk, good(desk.north) | {name: value}), "invalid_request", says=f"{name} must be a string")


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "scope"])
@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "x\\udfff"])
def test_refuses_letters_that_are_none(desk: Desk, name: str, escape: str) -> None:
    body = json.dumps(good(desk.north) | {name: "ESCAPE"}).replace("ESCAPE", escape).encode()
    assert_refused(post(desk, body), "invalid_request", says=name)


def test_refuses_a_nul_in_a_form(desk: Desk) -> None:
    assert_refused(post(desk, b"grant_type=client_credentials&scope=%00", FORM), "invalid_request", says="scope")


def test_refuses_a_repeated_parameter(desk: Desk) -> None:
    one = json.dumps(good(desk.north))
    assert_refused(post(desk, (one[:-1] + ',"scope":"a","scope":"b"}').encode()), "invalid_request", says="repeated")
    twice = b"grant_type=client_credentials&grant_type=client_credentials"
    assert_refused(post(desk, twice, FORM), "invalid_request", says="repeated")


def test_ignores_what_it_does_not_know_and_what_is_empty(desk: Desk) -> None:
    """RFC 6749 §3.2: unknown parameters are ignored, empty ones count as not sent."""
    for more in ({"audience": "x", "bank_guid": "y"}, {"scope": ""}, {"resource": ["a", 1]}, {"scope": None}):
        assert post(desk, good(desk.north) | more).status == 200
    assert_refused(post(desk, good(desk.north) | {"grant_type": ""}), "invalid_request", says="grant_type")


def test_refuses_other_grants(desk: Desk) -> None:
    for grant in ("password", "authorization_code", "CLIENT_CREDENTIALS", "client_credentials "):
        assert_refused(post(desk, good(desk.north) | {"grant_type": grant}), "unsupported_grant_type")


def test_refuses_a_body_over_16_kib(desk: Desk) -> None:
    body = json.dumps(good(desk.north)).encode()
    assert post(desk, body.ljust(16 * 1024)).status == 200
    assert_refused(post(desk, body.ljust(16 * 1024 + 1)), "invalid_request", 413, "16384")


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "grant_type", "scope", "access_token", "client%5Fsecret"]
)
def test_refuses_parameters_in_the_url(desk: Desk, name: str) -> None:
    body = json.dumps(good(desk.north)).encode()
    answer = desk.request("/oauth/token", [JSON], method="POST", query=f"{name}=x".encode(), body=body)
    assert_refused(answer, "invalid_request", says="body")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_answers_post_alone(desk: Desk, method: str) -> None:
    answer = desk.request("/oauth/token", [JSON], method=method)
    assert_refused(answer, "invalid_request", 405)
    assert answer.headers["allow"] == "POST"


def test_refuses_in_the_shape_of_the_standard(desk: Desk) -> None:
    """Nothing of the request comes back: it could be a secret in the wrong place."""
    for name in ("grant_type", "scope", "client_id"):
        answer = post(desk, good(desk.north) | {name: 'evil"\\\n\x7fé' + desk.north.secret})
        assert answer.status in {400, 401}
        assert desk.north.secret[20:] not in answer.body.decode()
        assert_refused(answer, answer.json["error"], answer.status)


def test_answers_whatever_comes(desk: Desk, count: Callable[[int, int], int]) -> None:
    values = st.one_of(st.text(max_size=40), st.none(), st.integers(), st.lists(st.text(max_size=3), max_size=3))
    known = st.sampled_from(["grant_type", "client_id", "client_secret", "scope", "client_assertion"])
    members = st.dictionaries(st.one_of(known, st.text(max_size=10)), values, max_size=6)
    bodies = st.one_of(
        st.binary(max_size=200),
        members.map(lambda found: json.dumps(GRANT | found).encode()),
        members.map(lambda found: json.dumps(good(desk.north) | found).encode()),
    )
    headers = st.lists(
        st.tuples(st.sampled_from([b"authorization", b"x-forwarded-for"]), st.binary(max_size=40)), max_size=2
    )

    @settings(max_examples=count(300, 5000), deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=bodies, kind=st.sampled_from([JSON, FORM]), more=headers)
    def answers(body: bytes, kind: tuple[bytes, bytes], more: list[tuple[bytes, bytes]]) -> None:
        assert post(desk, body, kind, *more).status < 500

    answers()
