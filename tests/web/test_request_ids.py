"""What was logged because of a request has its name, and so has the answer when the server failed."""

import json
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from ostiary.settings import Settings
from tests.db.test_away import taken_away
from tests.live import environment, free_port, start_server
from tests.postgres import Postgres


@pytest.mark.parametrize("path", ["/api/banks", "/sign-in", "/nothing", "/oauth/authorize-request"])
def test_names_no_answer_that_could_be_the_same_as_another(http: TestClient, path: str) -> None:
    assert "x-request-id" not in http.get(path).headers


def test_logs_under_the_name_that_the_caller_was_told(
    settings: Settings, database_url: str, postgres: Postgres | None, tmp_path: Path
) -> None:
    env = environment(tmp_path / "data", database_url) | {"OSTIARY_LOG_FORMAT": "json"}
    with start_server(env, free_port()) as server:
        pair = server.cli("init", "--organization", "Acme", "--bank", "North")
        sent = {"grant_type": "client_credentials", **{name: pair[name] for name in ("client_id", "client_secret")}}
        token = httpx2.post(f"{server.base_url}/oauth/token", json=sent).json()["access_token"]
        with taken_away(settings, postgres):
            answer = httpx2.get(
                f"{server.base_url}/api/banks", headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        assert (answer.status_code, len(answer.headers.get_list("x-request-id"))) == (503, 1)
        assert "forged" not in answer.headers.values()
        lines = [json.loads(line) for line in server.stderr_path.read_text().splitlines() if line.startswith("{")]
    said = [line["event"] for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
    assert said == ["store_unavailable"]
    # What no request caused has no name.
    assert {line.get("request_id") for line in lines if line["event"] == "Application startup complete."} == {None}
