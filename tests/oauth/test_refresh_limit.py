"""How often one login may be refreshed: each refresh is a write, and leaves a row for a week."""

import pytest
import sqlalchemy as sa

from ostiary.oauth.models import RefreshToken
from ostiary.settings import Limit, Settings
from ostiary.users.models import Login
from tests.people import Cast
from tests.programs import Program, refusal, signed_in

LIMIT = Limit(3, 900)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"limit_refreshes_per_login": LIMIT})


def refreshed(program: Program, token: str) -> str:
    """As often as the limit allows."""
    for _ in range(LIMIT.requests):
        answer = program.refresh(token)
        assert answer.status_code == 200, answer.text
        token = answer.json()["refresh_token"]
    return token


def test_is_sixty_in_a_quarter_of_an_hour_unless_told_otherwise() -> None:
    assert Settings.model_fields["limit_refreshes_per_login"].default == Limit(60, 900)


def test_refuses_before_anything_is_used_up(cast: Cast, program: Program) -> None:
    token = refreshed(program, signed_in(cast, program, "Alice")["refresh_token"])
    for _ in range(2):
        answer = program.refresh(token)
        assert refusal(answer) == (429, "too_many_requests")
        assert 0 < int(answer.headers["retry-after"]) <= LIMIT.seconds
        assert answer.headers["ratelimit-policy"] == '"refreshes-per-login";q=3;w=900'
    with cast.store.reading() as db:
        rows = db.scalars(sa.select(RefreshToken)).all()
    assert (len(rows), len([row for row in rows if row.used_at is None])) == (LIMIT.requests + 1, 1)


def test_counts_each_login_by_itself(cast: Cast, program: Program) -> None:
    refreshed(program, signed_in(cast, program, "Alice")["refresh_token"])
    refreshed(program, signed_in(cast, program, "Alice")["refresh_token"])


def test_still_ends_the_login_when_a_token_comes_twice(cast: Cast, program: Program) -> None:
    first = signed_in(cast, program, "Alice")["refresh_token"]
    refreshed(program, first)
    assert refusal(program.refresh(first)) == (400, "invalid_grant")
    with cast.store.reading() as db:
        assert db.scalars(sa.select(Login)).all() == []
