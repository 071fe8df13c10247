"""Token doctor: what is wrong with what was pasted, whether the key is fine, and nothing of it shown again."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.banks import service as banks
from ostiary.crypto.es256 import PrivateKey
from ostiary.oauth.models import Revocation, SigningKey
from tests.applications.cast import Cast
from tests.applications.reading import read
from tests.dashboard.consultation import ask, diagnosis, made
from tests.durability.direct import OPERATOR
from tests.oauth.desk import encode

pytestmark = pytest.mark.any_database

NOT_OURS = "This is not a token of your organization"
FINE = "itself is fine."
ASKS = "The request for a new token"


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


def test_says_that_the_bank_is_closed(alice: TestClient, cast: Cast, key: Application) -> None:
    with cast.ostiary.store.writing() as db:
        banks.close(db, OPERATOR, cast.north)
    assert "The bank is closed" in diagnosis(alice, made(cast, key))


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
