"""Token doctor: it reads a token, a header or a refusal however it was pasted, and shows nothing of it again."""

import base64
import datetime as dt
import json

import pytest
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications.models import Application
from ostiary.applications.token_recipes import recipes
from tests.applications.cast import Cast
from tests.applications.reading import error_at, read
from tests.dashboard.consultation import ask, diagnosis, made

pytestmark = pytest.mark.any_database

NOT_OURS = "This is not a token of your organization"
FINE = "itself is fine."
ASKS = "The request for a new token"


def test_reads_a_header_a_wrapped_token_and_an_answer(alice: TestClient, cast: Cast, key: Application) -> None:
    token = made(cast, key)
    good = "The token is good for another 7 hours"
    for pasted in (f"Authorization: Bearer {token}", f"  bearer {token}\n", json.dumps({"access_token": token})):
        told = diagnosis(alice, pasted)
        assert good in told
        assert "lacks a word" not in told
    assert "Authorization: Bearer <token>" in diagnosis(alice, f"Authorization: {token}")
    wrapped = diagnosis(alice, f"{token[:70]}\n  {token[70:140]}\r\n{token[140:]}")
    assert good in wrapped
    assert "needs it in one piece" in wrapped


def test_says_when_the_token_of_a_refusal_expired(alice: TestClient) -> None:
    gone = clock.on_the_wire(clock.now() - dt.timedelta(hours=3, seconds=5))
    refusal = {"error_message": "Signature has expired", "message_code": "authentication_failed", "expired_at": gone}
    told = diagnosis(alice, json.dumps({"status": 401} | refusal))
    assert "The token has expired Make a new token with the same key pair." in told
    assert "The token expired 3 hours ago." in told
    assert "$OSTIARY_CLIENT_ID" in told
    assert "The token has expired" in diagnosis(alice, 'Bearer error="x", error_description="Signature has expired"')
    later = refusal | {"expired_at": clock.on_the_wire(clock.now() + dt.timedelta(hours=1))}
    assert "the clocks of two machines differ" in diagnosis(alice, json.dumps(later))


@pytest.mark.parametrize(
    ("text", "member", "said"),
    [
        ("Credential revoked", "revoked_at", "The key is revoked That is final"),
        ("Credential has expired", "expired_at", "The key has expired Keys do not come back"),
        ("Credential paused", "paused_at", "The key is paused Resume it"),
        ("Bank closed", "closed_at", "The bank is closed"),
        ("Token revoked", "revoked_at", "This one token was revoked"),
    ],
)
def test_says_since_when_as_far_as_the_refusal_does(alice: TestClient, text: str, member: str, said: str) -> None:
    then = clock.on_the_wire(clock.now() - dt.timedelta(hours=3, seconds=5))
    for body in (
        {"error_message": text, "message_code": "authentication_failed", member: then},
        {"error": "invalid_client", "error_description": text, member: then},
    ):
        told = diagnosis(alice, json.dumps(body))
        assert said in told
        assert "That was 3 hours ago." in told
        assert "The token expired" not in told
    assert "ago." not in diagnosis(alice, json.dumps({"error_message": text, "message_code": "x", member: "soon"}))


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("authentication_failed", "Credential paused", "The key is paused Resume it"),
        (
            "invalid_scopes",
            "Invalid scopes. Required: customers:execute",
            "The token lacks the scope customers:execute A bank key may hold it",
        ),
        ("invalid_scopes", "Invalid scopes. Required: users:execute", "No key can hold it"),
        ("invalid_subject", "Invalid Subject type. Required: bank", "of the wrong kind Use the token of a bank key."),
        ("forbidden", "Forbidden", "The address is not on the key's list"),
        (
            "forbidden",
            "Nobody can give or take what they may not do themselves",
            "More would be given than the giver holds",
        ),
        (
            "forbidden",
            "Only an owner can make somebody an owner, or change what an owner may do",
            "This is for owners only Ask an owner of the organization.",
        ),
        (
            "forbidden",
            "Nobody shuts themselves out: ask another owner or administrator",
            "Nobody shuts themselves out Ask another",
        ),
        ("not_found", "bank not found", "It does not exist for this token"),
    ],
)
def test_explains_refusals_of_the_api(alice: TestClient, code: str, message: str, said: str) -> None:
    assert said in diagnosis(alice, json.dumps({"status": 400, "error_message": message, "message_code": code}))


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("invalid_client", "Client authentication failed", "Client id and secret do not match"),
        ("invalid_client", "This key may not be used from the address ::1", "The address is not on the key's list"),
        ("invalid_client", "Credential paused", "The key is paused"),
        ("invalid_scope", "x", "A scope was asked for that"),
        ("no_such_code", "x", "The request was refused"),
    ],
)
def test_explains_refusals_of_the_token_endpoint(alice: TestClient, code: str, message: str, said: str) -> None:
    assert said in diagnosis(alice, json.dumps({"error": code, "error_description": message}))


def test_puts_a_token_and_its_refusal_together(alice: TestClient, cast: Cast, key: Application) -> None:
    refusal = {"error_message": "Invalid scopes. Required: customers:execute", "message_code": "invalid_scopes"}
    told = diagnosis(alice, f"> Authorization: Bearer {made(cast, key)}\n< HTTP/1.1 403\n{json.dumps(refusal)}")
    assert "The token is good" in told
    assert "The error body says: the token lacks the scope customers:execute." in told


@pytest.mark.parametrize(
    "form", ["{secret}", "curl -d client_secret={secret}", '{{"client_secret": "{secret}"}}', "basic"]
)
def test_warns_of_a_secret_and_does_not_repeat_it(alice: TestClient, cast: Cast, form: str) -> None:
    pair = cast.office.key(cast.north, "Leaked")
    basic = base64.b64encode(f"{pair.client_id}:{pair.secret}".encode()).decode()
    pasted = f"Authorization: Basic {basic}" if form == "basic" else form.format(secret=pair.secret)
    answer = ask(alice, pasted)
    assert "This is a client secret, not a token" in read(answer).text
    assert "revoke its key" in read(answer).text
    for part in (pair.secret, pair.secret[12:40], basic):
        assert part not in answer.text
    named = ask(alice, f"{pasted} {pair.client_id}")
    assert read(named).links["Leaked"] == f"/developers/keys/{cast.find(pair.client_id).guid}"


@pytest.mark.parametrize(
    "pasted", ["", "  \n", "hello", "a b c", "{", '{"a": 1}', '{"a":' * 2000, "\0", "ostid_x", "ü.ü.ü"]
)
def test_says_when_nothing_is_recognized(alice: TestClient, pasted: str) -> None:
    answer = ask(alice, pasted, 422)
    assert error_at(answer, "pasted")
    assert read(answer, 422).fields["pasted"] == ""


def test_never_shows_again_what_was_pasted(alice: TestClient, cast: Cast, key: Application) -> None:
    token = made(cast, key)
    planted = "planted-4711"
    for pasted in (
        token,
        token[:-1],
        json.dumps({"error_message": planted, "message_code": planted, "expired_at": planted, planted: planted}),
        json.dumps({"error_message": f"Invalid scopes. Required: {planted}", "message_code": "invalid_scopes"}),
        json.dumps({"access_token": planted}),
        f"{planted} {token}",
        planted,
    ):
        text = alice.post("/token-doctor", data={"pasted": pasted}).text
        assert planted not in text
        assert token.split(".")[1] not in text
        assert token.split(".")[2][:40] not in text


def test_does_not_repeat_it_when_the_session_is_over(cast: Cast, key: Application) -> None:
    token = made(cast, key)
    answer = cast.browser("no session").post("/token-doctor", data={"pasted": token})
    assert answer.status_code == 401
    assert token.split(".")[2] not in answer.text


def test_remembers_no_token(alice: TestClient, cast: Cast, key: Application, ostiary: Ostiary) -> None:
    token = made(cast, key)
    ask(alice, token)
    assert ostiary.token.tokens._verified == {}


def test_gives_the_request_that_the_page_of_the_key_gives(alice: TestClient, cast: Cast, key: Application) -> None:
    answer = ask(alice, key.client_id)
    wanted = recipes(cast.settings.issuer, key.client_id)[0].text
    assert wanted.replace('"', "&#34;") in answer.text


@pytest.mark.parametrize("path", ["/overview", "/developers"])
def test_is_led_to_from_where_people_look(alice: TestClient, path: str) -> None:
    assert read(alice.get(path)).links["Token doctor"] == "/token-doctor"
