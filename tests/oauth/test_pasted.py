"""Whatever is pasted is read without a complaint: a token, a header, an answer, a refusal, or a secret by mistake."""

import base64
import json

import pytest

from ostiary.oauth import explanations, pasted
from ostiary.oauth.pasted import Pasted

TOKEN = f"eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjF9.{'s' * 86}"
CLIENT_ID = "ostid_" + "a" * 38
SECRET = "ost_sandbox_" + "b" * 49
BASIC = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TOKEN, Pasted(token=TOKEN)),
        (f"\n  Bearer {TOKEN} \n", Pasted(token=TOKEN)),
        (f"Authorization: bearer {TOKEN}", Pasted(token=TOKEN)),
        (f"authorization:{TOKEN}", Pasted(token=TOKEN, lacks_bearer=True)),
        (f"'{TOKEN}'", Pasted(token=TOKEN)),
        (f"{TOKEN[:50]}\n{TOKEN[50:]}", Pasted(token=TOKEN, is_wrapped=True)),
        (f"{TOKEN[:50]} {TOKEN[50:90]}\r\n\t{TOKEN[90:]}\n< HTTP", Pasted(token=TOKEN, is_wrapped=True)),
        (json.dumps({"access_token": TOKEN, "token_type": "Bearer"}), Pasted(token=TOKEN)),
        (TOKEN[:-1], Pasted(token=TOKEN[:-1])),
        (TOKEN[3:], Pasted(token=TOKEN[3:])),
        (f"curl -H 'Authorization: Bearer {TOKEN}' https://x/api/banks", Pasted(token=TOKEN)),
        (CLIENT_ID, Pasted(client_id=CLIENT_ID)),
        (CLIENT_ID + "a", Pasted()),
    ],
)
def test_finds_a_token_or_a_client_id(text: str, found: Pasted) -> None:
    assert pasted.read(text) == found


@pytest.mark.parametrize(
    "text", [SECRET, SECRET[:-9], f"x {SECRET}", f"Basic {BASIC}", f"authorization: basic {BASIC}", f"{TOKEN} {SECRET}"]
)
def test_says_only_of_a_secret_that_it_is_there(text: str) -> None:
    found = pasted.read(text)
    assert found.has_secret
    assert SECRET[:20] not in repr(found)
    assert not found.token


def test_shows_no_token_where_it_is_printed() -> None:
    assert TOKEN not in repr(pasted.read(TOKEN))


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"message_code": "a", "error_message": "b", "status": 401}', "a", "b"),
        ('< HTTP/1.1 401\n<\n{"error": "a", "error_description": "b"}\n* done', "a", "b"),
        ('WWW-Authenticate: Bearer error="a", error_description="b"', "", "b"),
        ('{"x": {"y": 1}} {"error": "a"}', "a", ""),
        ('{"error": {"deep": 1}}', "{'deep': 1}", ""),
    ],
)
def test_finds_a_refusal(text: str, code: str, message: str) -> None:
    refusal = pasted.read(text).refusal
    assert refusal
    assert (refusal.code, refusal.message) == (code, message)


@pytest.mark.parametrize(
    "text",
    ["", "x", "{" * 70_000, '{"a":' * 9_000, "[1]", "\0", "\ud800", "Basic ====", "Basic ü", "." * 999, "{}", "null"],
)
def test_reads_anything(text: str) -> None:
    assert pasted.read(text) in {Pasted(), Pasted(token=text)}


@pytest.mark.parametrize("message", [*explanations.BY_MESSAGE, "Invalid scopes. Required: x", "no text of ours"])
@pytest.mark.parametrize("code", ["", "invalid_scopes", "invalid_subject", "not_found", "no_code_of_ours"])
def test_explains_whatever_was_refused(code: str, message: str) -> None:
    meaning, what_to_do = explanations.explain(code, message)
    assert meaning
    assert what_to_do.endswith(".")
    assert "no text of ours" not in meaning + what_to_do
