"""Token doctor: what is wrong with what was pasted, whether the key is fine, and nothing of it shown again."""

import base64
import datetime as dt
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.applications.models import Application
from ostiary.applications.token_recipes import recipes
from ostiary.banks import service as banks
from ostiary.banks.models import Bank
from ostiary.crypto.es256 import PrivateKey
from ostiary.oauth.models import Revocation, SigningKey
from ostiary.organizations.models import Organization
from tests.applications.cast import Cast
from tests.applications.reading import error_at, read
from tests.durability.direct import OPERATOR
from tests.oauth.desk import encode, own_token

NOT_OURS = "This is not a token of your organization"
FINE = "itself is fine."
ASKS = "The request for a new token"


@pytest.fixture
def key(cast: Cast) -> Application:
    return cast.key(cast.north, "Till")


def claims(cast: Cast, key: Application, **changes: object) -> dict[str, Any]:
    now, issuer = int(clock.seconds()), cast.settings.issuer
    said: dict[str, Any] = {
        "iss": issuer,
        "aud": issuer,
        "sub": key.bank_guid or key.organization_guid,
        "sub_type": key.kind,
        "client_id": key.client_id,
        "scope": "banks:read customers:read",
        "organization_guid": key.organization_guid,
        "bank_guid": key.bank_guid,
        "bank_type": "sandbox",
        "jti": "j" * 32,
        "iat": now - 60,
        "exp": now + 8 * 3600 - 60,
    }
    return said | changes


def made(cast: Cast, key: Application, **changes: object) -> str:
    return own_token(cast.ostiary, claims(cast, key, **changes))


def ask(client: TestClient, pasted: str, status: int = 200) -> Response:
    answer = client.post("/token-doctor", data={"pasted": pasted})
    assert answer.status_code == status, answer.text[-3000:]
    assert answer.headers["cache-control"] == "no-store"
    return answer


def diagnosis(client: TestClient, pasted: str) -> str:
    return read(ask(client, pasted)).text.partition("Diagnosis")[2].partition("Ask again")[0]


def test_says_that_a_good_token_is_good(alice: TestClient, cast: Cast, key: Application) -> None:
    said = diagnosis(alice, made(cast, key))
    assert "The token is good for another 7 hours" in said
    assert "It works from anywhere." in said
    assert f"Key Till Active Client id {key.client_id}" in said
    assert "For North Scopes 2 scopes banks:read customers:read" in said
    assert ASKS not in said


def test_says_when_a_token_expired_and_that_its_key_is_fine(alice: TestClient, cast: Cast, key: Application) -> None:
    answer = ask(alice, made(cast, key, exp=int(clock.seconds()) - 3 * 3600 - 5))
    said = read(answer).text
    assert "The token expired 3 hours ago Make a new token with the same key pair." in said
    assert f"The key “Till” {FINE}" in said
    request = re.search(r'<code id="new-token">(.*?)</code>', answer.text, re.DOTALL)
    assert request
    assert key.client_id in request[1]
    assert ASKS in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("paused_at", "The key is paused"),
        ("revoked_at", "The key is revoked"),
        ("expires_at", "The key has expired"),
    ],
)
def test_says_what_is_wrong_with_the_key(
    alice: TestClient, cast: Cast, key: Application, change: str, said: str
) -> None:
    cast.set(key.guid, **{change: clock.now()})
    now = int(clock.seconds())
    for token in (made(cast, key), made(cast, key, exp=now - 10)):
        told = diagnosis(alice, token)
        assert said in told
        assert FINE not in told
        assert ASKS not in told
    assert "A new token would be refused as well, because of its key." in told
    assert said in diagnosis(alice, key.client_id)


def test_says_that_the_bank_or_the_organization_is_closed(alice: TestClient, cast: Cast, key: Application) -> None:
    with cast.ostiary.store.writing() as db:
        banks.close(db, OPERATOR, cast.north)
    assert "The bank is closed" in diagnosis(alice, made(cast, key))
    with cast.ostiary.store.writing() as db:
        db.execute(sa.update(Bank).values(closed_at=None))
        db.execute(sa.update(Organization).where(Organization.guid == cast.acme).values(closed_at=clock.now()))
    answer = alice.post("/token-doctor", data={"pasted": made(cast, key)})
    # Nobody is a member of a closed organization.
    assert (answer.status_code, answer.headers["location"]) == (303, "/start")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aud": "https://other.example"}, "The token was made for another server It says https://other.example"),
        ({"iss": "https://other.example"}, "The token was made by another server It says https://other.example"),
        ({"aud": "<b>not an address</b>"}, "The token was made for another server Has the public URL changed?"),
        ({"bank_type": "production"}, "The bank has changed since the token was made"),
        ({"organization_guid": "0" * 32}, "The bank has changed since the token was made"),
    ],
)
def test_says_what_is_wrong_with_the_claims(
    alice: TestClient, cast: Cast, key: Application, changes: dict[str, str], said: str
) -> None:
    told = diagnosis(alice, made(cast, key, **changes))
    assert said in told
    assert f"The key “Till” {FINE}" in told


def test_says_that_clocks_differ(alice: TestClient, cast: Cast, key: Application) -> None:
    now = int(clock.seconds())
    assert "Two clocks differ It says it was made 4 minutes from now" in diagnosis(
        alice, made(cast, key, iat=now + 290)
    )
    assert "Two clocks differ" not in diagnosis(alice, made(cast, key, iat=now + 3))


def test_says_that_one_token_was_revoked(alice: TestClient, cast: Cast, key: Application) -> None:
    with cast.ostiary.store.writing() as db:
        db.add(Revocation(jti="j" * 32, application_guid=key.guid, expires_at=clock.now() + dt.timedelta(hours=8)))
    assert "This one token was revoked" in diagnosis(alice, made(cast, key))


def test_says_that_a_signing_key_was_retired(alice: TestClient, cast: Cast, key: Application) -> None:
    token = made(cast, key)
    with cast.ostiary.store.writing() as db:
        db.execute(sa.update(SigningKey).values(retired_at=clock.now()))
    assert "It was signed with a key that counts no longer" in diagnosis(alice, token)


def test_says_where_a_token_works_from(alice: TestClient, cast: Cast) -> None:
    near = cast.key(cast.north, "Near", "203.0.113.7", "10.0.0.0/8")
    far = cast.key(cast.north, "Far", "10.0.0.0/8")
    assert "Your own address, 203.0.113.7, is on that list." in diagnosis(alice, made(cast, near))
    assert "It works from 10.0.0.0/8. Your own address, 203.0.113.7, is not on" in diagnosis(alice, made(cast, far))


def test_knows_an_organizations_token(alice: TestClient, cast: Cast) -> None:
    own = cast.find(cast.office.organization_key(cast.acme).client_id)
    told = diagnosis(alice, made(cast, own, bank_type=None))
    assert "The token is good" in told
    assert "For Acme, the organization" in told


def test_tells_nothing_of_another_organizations_token(alice: TestClient, cast: Cast, key: Application) -> None:
    """One page for every token that is not ours: foreign, forged, altered, alive or dead."""
    foreign = cast.key(cast.east, "Eastern")
    dead = cast.key(cast.east, "Dead")
    cast.set(dead.guid, revoked_at=clock.now())
    head, body, _ = made(cast, key).split(".")
    stranger = PrivateKey.generate()
    unknown = f"{head}.{body}.{encode(stranger.sign(f'{head}.{body}'.encode()))}"
    expired = int(clock.seconds()) - 3600
    tokens = [
        unknown,
        f"{head}.{body}.{'A' * 86}",
        made(cast, foreign),
        made(cast, foreign, exp=expired),
        made(cast, dead),
        made(cast, key, client_id="ostid_" + "0" * 38),
        made(cast, key, client_id="no client id"),
    ]
    answers = {ask(alice, token).content for token in tokens}
    assert len(answers) == 1
    assert NOT_OURS in diagnosis(alice, unknown)


def test_tells_nothing_of_another_organizations_token_from_before_a_move(alice: TestClient, cast: Cast) -> None:
    foreign = cast.key(cast.east)
    token = made(cast, foreign, iss="https://old.example", aud="https://old.example")
    forged = token.rpartition(".")[0] + "." + "A" * 86
    assert ask(alice, token).content == ask(alice, forged).content
    assert "It says it comes from https://old.example; this server is http://127.0.0.1:8400." in diagnosis(alice, token)


def test_tells_nothing_of_another_organizations_key(alice: TestClient, cast: Cast) -> None:
    foreign = cast.key(cast.east)
    answers = {ask(alice, client_id).content for client_id in (foreign.client_id, "ostid_" + "0" * 38)}
    assert len(answers) == 1
    assert "This is not a key of your organization" in diagnosis(alice, foreign.client_id)


def test_sees_that_a_token_was_cut_off(alice: TestClient, cast: Cast, key: Application) -> None:
    token = made(cast, key)
    assert "The last part of a token has 86 letters, this one has 81." in diagnosis(alice, token[:-5])
    assert "three parts with dots between, this has 2" in diagnosis(alice, token.rpartition(".")[0])
    assert "This is not a whole token" in diagnosis(alice, token[40:])
    head, body, signature = token.split(".")
    assert "Letters of it were lost or changed." in diagnosis(alice, f"{head}.{body[:-7]}.{signature}")


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


def test_explains_refusals(alice: TestClient) -> None:
    gone = clock.on_the_wire(clock.now() - dt.timedelta(hours=3, seconds=5))
    told = diagnosis(
        alice,
        json.dumps(
            {
                "status": 401,
                "error_message": "Signature has expired",
                "message_code": "authentication_failed",
                "expired_at": gone,
            }
        ),
    )
    assert "The token has expired Make a new token with the same key pair." in told
    assert "The token expired 3 hours ago." in told
    assert "$OSTIARY_CLIENT_ID" in told
    for body, said in (
        ({"error_message": "Credential paused"}, "The key is paused Resume it"),
        (
            {"error_message": "Invalid scopes. Required: customers:execute", "message_code": "invalid_scopes"},
            "The token lacks the scope customers:execute A bank key may hold it",
        ),
        (
            {"error_message": "Invalid scopes. Required: users:execute", "message_code": "invalid_scopes"},
            "No key can hold it",
        ),
        (
            {"error_message": "Invalid Subject type. Required: bank", "message_code": "invalid_subject"},
            "The token is of the wrong kind Use the token of a bank key.",
        ),
        ({"error_message": "Forbidden", "message_code": "forbidden"}, "The address is not on the key's list"),
        ({"error_message": "bank not found", "message_code": "not_found"}, "It does not exist for this token"),
        (
            {"error": "invalid_client", "error_description": "This key may not be used from the address ::1"},
            "The address is not on the key's list",
        ),
        ({"error": "invalid_scope", "error_description": "x"}, "A scope was asked for that"),
        ({"error": "no_such_code"}, "The request was refused"),
    ):
        assert said in diagnosis(alice, json.dumps(body)), body
    assert "The token has expired" in diagnosis(alice, 'Bearer error="x", error_description="Signature has expired"')


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


def test_is_led_to_from_overview(alice: TestClient) -> None:
    assert read(alice.get("/overview")).links["Token doctor"] == "/token-doctor"
