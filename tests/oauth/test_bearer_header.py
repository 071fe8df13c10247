"""One way to send a token: a single `Authorization: Bearer` header (RFC 6750 §2.1)."""

import pytest

from ostiary.web.asgi import Header
from tests.oauth.desk import Desk, assert_malformed, assert_refused

pytestmark = pytest.mark.any_database

PATH = "/api/banks"
FORM = (b"content-type", b"application/x-www-form-urlencoded")


def authorization(text: str) -> Header:
    return (b"authorization", text.encode("latin-1"))


@pytest.fixture
def token(desk: Desk) -> str:
    return desk.token(desk.north)


def test_reads_the_scheme_in_any_case(desk: Desk, token: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER", "bEaReR"):
        assert desk.request(PATH, [authorization(f"{scheme} {token}")]).status == 200


def test_asks_for_a_token_where_there_is_none(desk: Desk) -> None:
    assert_malformed(desk.request(PATH, []))
    assert_malformed(desk.request("/api/nowhere", []))
    assert "Authorization: Bearer <token>" in desk.request(PATH, []).json["what_to_do"]


def test_refuses_every_other_spelling_of_the_header(desk: Desk, token: str) -> None:
    for text in (
        "",
        "Bearer",
        "Bearer ",
        token,
        f"Bearer{token}",
        f"Bearer  {token}",
        f"Bearer\t{token}",
        f" Bearer {token}",
        f"Bearer {token} ",
        f"Bearer {token}\n",
        f"Bearer {token},",
        f"Bearer {token}, Bearer {token}",
        f"Bearer {token} {token}",
        f'Bearer "{token}"',
        f"Bearer token={token}",
        f"Bearer \xa0{token}",
        f"Bearer {token}\xb2",
        f"Bearer:{token}",
        f"Bearer: {token}",
        f"Basic {token}",
        f"DPoP {token}",
        f"Token {token}",
        f"Negotiate Bearer {token}",
        "Bearer " + "\xff" * 5000,
    ):
        assert_malformed(desk.request(PATH, [authorization(text)]))


def test_refuses_two_headers_even_when_they_agree(desk: Desk, token: str) -> None:
    right, wrong = authorization(f"Bearer {token}"), authorization("Bearer x")
    for headers in ([right, right], [right, wrong], [wrong, right], [right, authorization("")]):
        assert_malformed(desk.request(PATH, headers))


def test_refuses_a_token_in_the_query(desk: Desk, token: str) -> None:
    query = b"access_token=" + token.encode()
    for headers in ([], [authorization(f"Bearer {token}")]):
        assert_malformed(desk.request(PATH, headers, query=query))
        assert_malformed(desk.request(PATH, headers, query=b"page=0&" + query))


@pytest.mark.parametrize("query", ["access_token=1&x=%C3%A9", "x=%FF&access_token=", "%61ccess_token=1"])
def test_refuses_it_in_whatever_company_it_stands(desk: Desk, token: str, query: str) -> None:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    assert_malformed(desk.request(PATH, headers, query=query.encode()))
    assert_malformed(desk.request(PATH, headers, query=b"access_token=1&x=\xff"))
    assert desk.request(PATH, headers, query=b"page=0").status == 200


def test_does_not_look_for_a_token_in_the_body(desk: Desk, token: str) -> None:
    body = b"access_token=" + token.encode()
    assert_malformed(desk.request(PATH, [FORM], body=body))
    assert_malformed(desk.request("/api/customers", [FORM], method="POST", body=body))


def test_does_not_look_for_a_token_in_cookies_or_other_headers(desk: Desk, token: str) -> None:
    for name in (b"cookie", b"x-authorization", b"proxy-authorization", b"x-access-token", b"x-forwarded-access-token"):
        assert_malformed(desk.request(PATH, [(name, f"Bearer {token}".encode())]))


def test_answers_who_is_asking_before_anything_else(desk: Desk) -> None:
    # Signature before subject, scope, look-up and body (DESIGN §6).
    for method, path in (("POST", "/api/customers"), ("GET", "/api/customers/none"), ("PATCH", "/api/banks/none")):
        assert_refused(desk.request(path, [authorization("Bearer x.y.z")], method=method, body=b"{"))
        assert_malformed(desk.request(path, [], method=method, body=b"x" * 100_000))


def test_never_repeats_the_token_in_a_refusal(desk: Desk, token: str) -> None:
    answer = desk.show(token[:-4] + "AAAA")
    assert token[:20] not in answer.body.decode() + str(answer.headers)
