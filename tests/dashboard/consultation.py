"""What the Token doctor says to somebody, and tokens to show it."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import Application
from tests.applications.cast import Cast
from tests.applications.reading import read
from tests.oauth.desk import own_token


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
