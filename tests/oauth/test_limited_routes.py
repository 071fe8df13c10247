"""A route that counts, as customer tokens will: `limits` is filled in, and a refusal has the shape of the API."""

import pytest
from fastapi import APIRouter

from ostiary.limits.counting import Counting
from ostiary.limits.kinds import Kind
from ostiary.settings import Limit, Settings
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute
from tests.oauth.desk import Answer, Desk
from tests.ticking import Ticks

pytestmark = pytest.mark.any_database

router = APIRouter(route_class=UnitOfWorkRoute)


@router.post("/api/limited")
def limited(db: Db, actor: Asking, limits: Counting) -> dict[str, bool]:
    limits.admit(((Kind.CUSTOMER_TOKENS_PER_KEY, actor.guid),), "This key asks for customer tokens too often")
    return {"is_open": db.is_active}


@pytest.fixture
def settings(settings: Settings, ticks: Ticks) -> Settings:
    assert ticks.now
    return settings.model_copy(update={"limit_customer_tokens_per_key": Limit(2, 300)})


def ask(desk: Desk, token: str) -> Answer:
    return desk.request("/api/limited", [(b"authorization", f"Bearer {token}".encode())], method="POST")


def test_refuses_in_the_shape_of_the_api(desk: Desk, ticks: Ticks) -> None:
    desk.ostiary.routes.include_router(router)
    token = desk.token(desk.north)
    assert [ask(desk, token).json for _ in range(2)] == [{"is_open": True}] * 2
    refused = ask(desk, token)
    assert refused.status == 429
    assert refused.json == {
        "status": 429,
        "error_message": "This key asks for customer tokens too often: try again in 300 seconds",
        "message_code": "too_many_requests",
        "retry_after_seconds": 300,
    }
    assert refused.headers["retry-after"] == "300"
    assert refused.headers["ratelimit-policy"] == '"customer-tokens-per-key";q=2;w=300'
    assert refused.headers["ratelimit"] == '"customer-tokens-per-key";r=0;t=300'
    # Another token of the same key, and another key.
    assert ask(desk, desk.token(desk.north)).status == 429
    assert ask(desk, desk.token(desk.acme)).status == 200
    ticks.pass_seconds(300)
    assert ask(desk, token).status == 200
