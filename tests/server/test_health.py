"""Whether the server lives and whether it can answer, as supervisors and load balancers ask."""

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.db.store import Store
from ostiary.oauth.models import SigningKey

WELL = {
    "status": "ready",
    "checks": [{"name": each, "status": "ok"} for each in ("server", "database", "signing_key", "clock")],
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_says_that_all_is_well(http: TestClient, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_names_what_it_looked_at(http: TestClient) -> None:
    assert http.get("/health/live").json() == {"status": "live"}
    assert http.get("/health/ready").json() == WELL


def test_takes_no_other_method(http: TestClient) -> None:
    answer = http.post("/health/ready", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def failing(http: TestClient) -> dict[str, str]:
    """The one check that is not well; the server lives nevertheless."""
    answer = http.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["status"]) == (503, "1", "not_ready")
    assert http.get("/health/live").status_code == 200
    (found,) = (each for each in answer.json()["checks"] if each["status"] != "ok")
    assert found.keys() == {"name", "status", "reason", "what_to_do"}
    return dict(found)


def test_is_not_ready_with_a_key_that_was_retired(http: TestClient, store: Store, ostiary: Ostiary) -> None:
    with store.writing() as db:
        db.execute(sa.update(SigningKey).values(retired_at=clock.now()))
    assert failing(http)["name"] == "signing_key"
    assert ostiary.keys.current_kid


def test_is_not_ready_once_it_was_asked_to_end(http: TestClient, ostiary: Ostiary) -> None:
    ostiary.health.leave()
    assert failing(http)["name"] == "server"
