"""`ostiary inspect`: the whole story of a token or a refusal, told offline and kept nowhere."""

import json
import time
from typing import Any

import pytest
import time_machine

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.cli.conftest import Done, Run, strict_json
from tests.oauth.desk import encode
from tests.people import Cast, open_login, user_token

NOW = int(time.time())
HEADER = {"alg": "ES256", "kid": "some-key", "typ": "at+jwt"}
CLAIMS = {
    "iss": "https://keys.example",
    "sub": "b" * 32,
    "sub_type": "bank",
    "client_id": "ostid_" + "0" * 38,
    "scope": "banks:read",
    "bank_guid": "b" * 32,
    "organization_guid": "a" * 32,
    "exp": NOW + 7200,
}
REFUSALS = {
    "Signature has expired": "Make a new token",
    "Credential revoked": "new",
    "Credential paused": "resume",
    "Signature verification raised": "token",
    "Invalid audience": "server",
    "Customer deleted": "gone",
}


def token(**changes: object) -> str:
    parts = [encode(json.dumps(part).encode()) for part in (HEADER, CLAIMS | changes)]
    return ".".join([*parts, encode(bytes(64))])


def explained(done: Done) -> dict[str, Any]:
    told: dict[str, Any] = strict_json(done)
    return told


def test_tells_whose_a_token_is_and_how_long_it_lives(run: Run) -> None:
    told = explained(run("inspect", "--json", said=token()))
    assert {name: told[name] for name in CLAIMS if name != "exp"} == {k: v for k, v in CLAIMS.items() if k != "exp"}
    assert (told["kind"], told["is_expired"]) == ("token", False)
    assert told["expires"].startswith("Expires in ")


def test_says_that_a_token_has_expired_and_what_to_do(run: Run) -> None:
    told = explained(run("inspect", "--json", said=token(exp=NOW - 90)))
    assert told["is_expired"]
    assert told["expires"].endswith(" ago")
    assert "ostiary token" in told["what_to_do"]


def test_tells_of_a_customers_token_where_it_works_from_and_how_to_make_another(run: Run) -> None:
    own = {"ip_allowlist": ["192.0.2.0/24"], "inherit_ip_allowlist": False}
    told = explained(run("inspect", "--json", said=token(sub="c" * 32, sub_type="customer", exp=NOW - 90, **own)))
    assert (told["sub_type"], told["sub"], told["bank_guid"]) == ("customer", "c" * 32, "b" * 32)
    assert {name: told[name] for name in own} == own
    assert "POST /api/customer_tokens" in told["what_to_do"]
    assert "ip_allowlist" not in explained(run("inspect", "--json", said=token()))


@pytest.mark.parametrize("text", REFUSALS)
def test_explains_every_refusal_of_a_token(run: Run, text: str) -> None:
    body = {"status": 401, "error_message": text, "message_code": "authentication_failed"}
    told = explained(run("inspect", "--json", said=json.dumps(body)))
    assert (told["kind"], told["message"]) == ("error", text)
    assert told["meaning"]
    assert REFUSALS[text] in told["what_to_do"]


@pytest.mark.parametrize("exp", [0, -1, 2**53, 2**63, 10**40, -(10**40)])
def test_explains_a_token_from_the_end_of_time(run: Run, exp: int) -> None:
    told = explained(run("inspect", "--json", said=token(exp=exp)))
    assert told["is_expired"] == (exp < NOW)


def test_needs_no_database_and_leaves_no_trace(run: Run, settings: Settings) -> None:
    said = token()
    done = run("inspect", said=said, OSTIARY_LOG_LEVEL="debug", OSTIARY_DATABASE_URL="", OSTIARY_MASTER_KEY="")
    assert (done.returncode, done.stderr) == (0, "")
    assert said not in done.stdout
    assert said.rpartition(".")[2] not in done.stdout
    assert not settings.data_dir.exists()


def test_explains_the_token_of_a_login(run: Run, ostiary: Ostiary, settings: Settings) -> None:
    cast = Cast(ostiary, settings)
    guid = open_login(cast.store, cast["Dana"], bank_guid=cast.south, scope="banks:read")
    told = json.loads(run("inspect", "--json", said=user_token(ostiary, guid)).stdout)
    assert (told["sub_type"], told["login"], told["bank_guid"]) == ("user", guid, cast.south)
    assert told["is_expired"] is False
    with time_machine.travel(clock.now().timestamp(), tick=False):
        token = user_token(ostiary, guid)
    with time_machine.travel(clock.now().timestamp() + 3600, tick=False):
        late = json.loads(run("inspect", "--json", said=token).stdout)
    assert late["what_to_do"].endswith("Try: ostiary whoami")


@pytest.mark.parametrize("kind", ["refresh", "device"])
def test_recognises_what_keeps_a_login(run: Run, kind: str) -> None:
    secret = f"ost_{kind}_" + "a" * 49
    done = run("inspect", said=secret)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("This is a refresh token or a device code")
    assert secret not in done.stderr
