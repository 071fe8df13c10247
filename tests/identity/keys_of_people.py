"""People's programs for tests: a client that sends somebody's token, and bodies for new keys."""

import datetime as dt
from typing import Any

from starlette.testclient import TestClient

from ostiary import clock
from tests.apps import client_of
from tests.people import ADDRESS, Cast, open_login, user_token

KEYS = "/api/bank_applications"
ORGANIZATION_KEYS = "/api/organization_applications"


def in_days(days: float) -> str:
    return clock.on_the_wire(clock.now() + dt.timedelta(days=days))


def new_key(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """None takes a member away."""
    return {name: value for name, value in {"name": "Payments", "expires_at": in_days(30), **more}.items() if value}


def program(cast: Cast, name: str, *, bank_guid: str | None = None, scope: str | None = None) -> TestClient:
    """What the command line of somebody sends."""
    token = user_token(cast.ostiary, open_login(cast.store, cast[name], bank_guid=bank_guid, scope=scope))
    return with_token(cast, token)


def with_token(cast: Cast, token: str) -> TestClient:
    headers = {"Authorization": f"Bearer {token}"}
    return client_of(cast.ostiary, cast.settings, ADDRESS, headers)


def token_answer(cast: Cast, client_id: str, secret: str) -> tuple[int, dict[str, Any]]:
    """What the token endpoint says to a pair."""
    sent = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = client_of(cast.ostiary, cast.settings, ADDRESS).post("/oauth/token", json=sent)
    return answer.status_code, answer.json()
