"""Flaws of others in secrets, logs and storage: rows S of docs/known-flaws.md that have no test elsewhere."""

import datetime as dt
import json
from typing import Any

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.oauth.desk import Answer, Desk
from tests.people import Cast, open_login, user_token

pytestmark = pytest.mark.any_database

BACKSLASHES = r"\u0000", r"\ud800", r"\u001b[31m", r"line\u000aline", r"\u202e", r"\u0085"
LONG = "x" * 1_000_000
PLACES = (
    ("POST", "/api/customers", {"type": "individual", "labels": ["WORD"]}),
    ("POST", "/api/customers", {"type": "individual", "name": {"first": "WORD", "last": "Ash"}}),
    ("PATCH", "/api/banks/{bank}", {"name": "WORD"}),
    ("PATCH", "/api/organizations/{organization}", {"name": "WORD"}),
    ("POST", "/api/bank_applications", {"name": "WORD", "expires_at": "{soon}"}),
    ("POST", "/api/users", {"email": "WORD@example.com", "role": "viewer"}),
)


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def alice(cast: Cast) -> str:
    """The token of an owner, for one of her banks."""
    return user_token(cast.ostiary, open_login(cast.store, cast["Alice"], bank_guid=cast.north))


def send(desk: Desk, cast: Cast, token: str, method: str, path: str, body: Any, word: str = "") -> Answer:  # noqa: ANN401
    """`word` as JSON writes it takes the place of WORD."""
    path = path.format(bank=cast.north, organization=cast.acme)
    soon = clock.on_the_wire(clock.now() + dt.timedelta(days=1))
    text = json.dumps(body).replace("{soon}", soon).replace("WORD", word)
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]
    return desk.request(path, headers, method=method, body=text.encode() if body is not None else b"")


@pytest.mark.parametrize("word", [*BACKSLASHES, LONG], ids=[*BACKSLASHES, "a million letters"])
def test_s7_breaks_at_no_letter_and_no_length(desk: Desk, cast: Cast, alice: str, word: str) -> None:
    """Refused or stored, and whatever is stored is in the trail."""
    for method, path, body in PLACES:
        before = events(cast)
        answer = send(desk, cast, alice, method, path, body, word)
        assert answer.status in {200, 201, 400, 413, 422}, (path, answer.body)
        assert events(cast) > before or answer.status >= 400 or "updated_at" in answer.json


def events(cast: Cast) -> int:
    with cast.store.reading() as db:
        return int(db.scalar(sa.text("SELECT count(*) FROM events")) or 0)


CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/banks/{bank}", {"name": "Elsewhere"}),
    ("/api/banks/{bank}", {"supported_trading_symbols": []}),
    ("/api/banks/{bank}", {"cors_allowed_origins": ["https://app.example.com"]}),
    ("/api/organizations/{organization}", {"name": "Elsewhere"}),
    ("/api/bank_applications/{key}", {"name": "Elsewhere"}),
    ("/api/bank_applications/{key}", {"ip_allowlist": ["192.0.2.0/24"]}),
)


@pytest.mark.parametrize(("path", "change"), CHANGES, ids=[f"{path} {next(iter(each))}" for path, each in CHANGES])
def test_s8_changes_what_is_named_and_nothing_else(
    desk: Desk, cast: Cast, alice: str, path: str, change: dict[str, Any]
) -> None:
    key = desk.key(cast.acme, cast.north)
    path = path.replace("{key}", key.client_id)
    before = send(desk, cast, alice, "GET", path, None).json
    secrets = digests(cast)
    answer = send(desk, cast, alice, "PATCH", path, change)
    assert answer.status == 200, answer.body
    after = send(desk, cast, alice, "GET", path, None).json
    assert {name for name in before if before[name] != after[name]} <= {*change, "updated_at"}
    assert digests(cast) == secrets


def digests(cast: Cast) -> list[Any]:
    with cast.store.reading() as db:
        return list(db.execute(sa.text("SELECT * FROM application_secrets ORDER BY guid")).all())
