"""Flaws that neighbours published, group A: client authentication. docs/known-flaws.md has the rows."""

import base64
import json
import secrets
from collections import Counter
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.credentials import new_client_id, new_secret
from ostiary.applications.models import Application, ApplicationSecret
from tests.oauth.desk import Answer, Desk, Key, operations, own_token
from tests.oauth.window import FORM, GRANT, JSON, assert_refused, basic, good, post, post_form, raw_basic

pytestmark = pytest.mark.any_database

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize("secret", [None, "", " ", "\t", "\u00a0"])
def test_a1_takes_no_blank_secret(desk: Desk, secret: str | None) -> None:
    sent = GRANT | {"client_id": desk.north.client_id} | ({} if secret is None else {"client_secret": secret})
    assert_refused(post(desk, sent), "invalid_client", 401)
    assert_refused(post_form(desk, sent), "invalid_client", 401)
    assert_refused(post(desk, GRANT, basic(desk.north.client_id, secret or "")), "invalid_client", 401)


def test_a2_takes_no_stored_digest_for_the_secret(desk: Desk) -> None:
    with desk.store.reading() as db:
        digests = db.scalars(sa.select(ApplicationSecret.digest)).all()
    assert digests
    for digest in digests:
        for text in (digest.hex(), base64.b64encode(digest).decode(), digest.decode("latin-1")):
            for client_id in (desk.north.client_id, desk.acme.client_id):
                assert post(desk, GRANT | {"client_id": client_id, "client_secret": text}).status in {400, 401}


@pytest.mark.parametrize("kept", [64, 72])
def test_a3_reads_a_secret_to_its_end(desk: Desk, kept: int) -> None:
    secret = desk.north.secret
    assert len(secret) < kept, "a longer secret must differ behind the place where some hashes stop reading"
    for more in ("x", "x" * (kept - len(secret) + 1), "\u00a0"):
        assert_refused(post(desk, good(desk.north) | {"client_secret": secret + more}), "invalid_client", 401)
    changed = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    assert_refused(post(desk, good(desk.north) | {"client_secret": changed}), "invalid_client", 401)


def test_a4_takes_one_method_of_one_client(desk: Desk) -> None:
    ours, others = desk.north, desk.acme
    both = post(desk, good(ours), basic(ours.client_id, ours.secret))
    assert_refused(both, "invalid_request", says="not both")
    mixed = post(desk, GRANT | {"client_id": others.client_id}, basic(ours.client_id, ours.secret))
    assert_refused(mixed, "invalid_request", says="differs")
    doubled = post(desk, GRANT, basic(ours.client_id, ours.secret), basic(others.client_id, others.secret))
    assert_refused(doubled, "invalid_request")
    asserted = good(ours) | {"client_assertion": "e30.e30.", "client_assertion_type": ASSERTION_TYPE}
    assert_refused(post(desk, asserted), "invalid_request")


def loosely(key: Key) -> dict[str, bytes]:
    right = base64.b64encode(f"{key.client_id}:{key.secret}".encode())
    return {
        "no padding": right.rstrip(b"=")[:-1],
        "stray letters": right[:8] + b"!" + right[8:],
        "blank inside": right[:8] + b" " + right[8:],
        "line end inside": right[:8] + b"\\n" + right[8:],
        "NUL": base64.b64encode(f"{key.client_id}:{key.secret}\0".encode()),
        "bad escape": base64.b64encode(f"{key.client_id}:{key.secret}%".encode()),
        "half an escape": base64.b64encode(f"{key.client_id}%2:{key.secret}".encode()),
        "no colon": base64.b64encode(key.client_id.encode()),
        "not UTF-8": base64.b64encode(b"\xff\xfe:" + key.secret.encode()),
        "nothing": b"",
        "colons alone": base64.b64encode(b":::"),
    }


@pytest.mark.parametrize("how", loosely(Key("", "", "", "")))
def test_a5_decodes_nothing_loosely(desk: Desk, how: str) -> None:
    answer = post(desk, GRANT, (b"authorization", b"Basic " + loosely(desk.north)[how]))
    assert answer.status in {400, 401}, answer.body
    assert answer.json["error"] in {"invalid_request", "invalid_client"}


@pytest.mark.parametrize("name", ["client_secret", "client_id", "scope", "grant_type", "client%5Fsecret"])
def test_a6_takes_nothing_from_the_url(desk: Desk, name: str) -> None:
    query = f"{name}={desk.north.secret}".encode()
    body = json.dumps(good(desk.north)).encode()
    answer = desk.request("/oauth/token", [JSON], method="POST", query=query, body=body)
    assert_refused(answer, "invalid_request")
    assert desk.north.secret.encode() not in answer.body


@pytest.mark.parametrize("name", ["client_id", "client_secret", "scope", "grant_type"])
def test_a7_decides_no_repeated_parameter(desk: Desk, name: str) -> None:
    sent = good(desk.north) | {"scope": "banks:read"}
    form = urlencode([*sent.items(), (name, sent[name])]).encode()
    assert_refused(post(desk, form, FORM), "invalid_request", says="repeated")
    text = json.dumps(sent)[:-1] + f", {json.dumps(name)}: {json.dumps(sent[name])}}}"
    assert_refused(post(desk, text.encode()), "invalid_request", says="repeated")


def asserted(desk: Desk, assertion: str) -> Answer:
    return post(desk, GRANT | {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE})


def test_a8_has_no_assertion_to_replay(desk: Desk) -> None:
    """Client assertions are not supported: even one that our own key signed gets nothing, the first time already."""
    mine = {"iss": desk.north.client_id, "sub": desk.north.client_id, "jti": secrets.token_hex(8)}
    for _ in range(2):
        assert_refused(asserted(desk, own_token(desk.ostiary, mine)), "invalid_request")


@pytest.mark.parametrize("audience", ["http://127.0.0.1:8400", "http://127.0.0.1:8400/oauth/token", ["x", "y"]])
def test_a9_has_no_audience_to_inject(desk: Desk, audience: object) -> None:
    mine = {"iss": desk.north.client_id, "sub": desk.north.client_id, "aud": audience, "exp": clock.seconds() + 60}
    assert_refused(asserted(desk, own_token(desk.ostiary, mine)), "invalid_request")


@pytest.mark.parametrize("assertion", ["x", "..", "e30.W10.x", "eyJhbGciOjF9.eyJleHAiOjFlOTk5fQ.x", "\u2603" * 300])
def test_a10_crashes_on_no_assertion(desk: Desk, assertion: str) -> None:
    assert_refused(asserted(desk, assertion), "invalid_request")


def test_a11_lets_no_member_of_a_body_switch_authentication_off(desk: Desk) -> None:
    members = {"user_id": "1", "organization_guid": desk.acme.organization_guid, "authenticated": True, "sub": "x"}
    body = json.dumps(members | {"client_id": desk.acme.client_id}).encode()
    for operation in operations(desk.ostiary):
        method, path = operation.split(" ", 1)
        if path.startswith("/api/"):
            answer = desk.request(path, [JSON], method=method, body=body)
            assert (answer.status, answer.json["message_code"]) == (401, "authentication_malformed"), operation


def test_a12_never_changes_the_grant(desk: Desk) -> None:
    """A parameter that is too long, empty or not to be read is an error, or counts as not sent (RFC 6749 §3.2)."""
    for grant in ("", " ", "client_credentials ", "Client_Credentials", "password", EXCHANGE):
        answer = post(desk, good(desk.north) | {"grant_type": grant, "subject_token": "x" * 9000})
        assert answer.status == 400, grant
        assert answer.json["error"] in {"invalid_request", "unsupported_grant_type"}
    assert_refused(post(desk, good(desk.north) | {"scope": "x" * 17_000}), "invalid_request", 413)
    assert_refused(post(desk, good(desk.north) | {"scope": 1}), "invalid_request", says="scope")


@pytest.mark.parametrize("state", [{}, {"paused_at"}, {"revoked_at"}, {"expires_at"}], ids=str)
def test_a13_does_the_same_work_for_whoever_lacks_the_secret(desk: Desk, state: set[str]) -> None:
    """The bytes; how long they take is measured in tests/timing."""
    with desk.store.writing() as db:
        mine = Application.client_id == desk.north.client_id
        db.execute(sa.update(Application).where(mine).values({name: clock.now() for name in state or {"updated_at"}}))
    unknown = post(desk, GRANT | {"client_id": new_client_id(), "client_secret": new_secret("sandbox")})
    wrong = post(desk, good(desk.north) | {"client_secret": new_secret("sandbox")})
    assert (unknown.status, unknown.headers, unknown.body) == (wrong.status, wrong.headers, wrong.body)


def test_a14_makes_every_letter_of_a_secret_equally_likely() -> None:
    """With a remainder instead of a choice, some of the 62 letters would come a quarter more often."""
    # Without the prefix, and without the checksum and the first letter, which hold fewer bits.
    letters = Counter("".join(new_secret("sandbox").rpartition("_")[2][1:-6] for _ in range(4_000)))
    total = sum(letters.values())
    assert len(letters) == 62
    # Six standard deviations of a fair draw.
    spread = 6 * (total * (1 / 62) * (61 / 62)) ** 0.5
    assert all(abs(number - total / 62) < spread for number in letters.values()), letters


@pytest.mark.parametrize("name", ["subject_token", "assertion", "client_assertion", "code", "refresh_token"])
def test_a15_takes_no_identity_of_another_kind(desk: Desk, name: str) -> None:
    token = desk.token(desk.north)
    alone = post(desk, GRANT | {"client_id": desk.north.client_id, name: token})
    assert alone.status in {400, 401}, alone.body


def test_the_right_pair_still_works(desk: Desk) -> None:
    for answer in (
        post(desk, good(desk.north)),
        post_form(desk, good(desk.north)),
        post(desk, GRANT, basic(desk.north.client_id, desk.north.secret)),
        post(desk, GRANT, raw_basic(f"{desk.north.client_id}:{desk.north.secret}".encode())),
    ):
        assert answer.status == 200, answer.body
