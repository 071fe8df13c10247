"""What Prometheus is told: what happened, on a listener of its own, and nothing that is secret."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ostiary.app import Ostiary
from ostiary.applications.outcomes import ISSUED, REFUSALS
from ostiary.metrics import Facts
from ostiary.settings import Settings
from tests.db.test_away import taken_away
from tests.live import HOST, START_SECONDS, LiveServer, environment, free_port, start_server
from tests.postgres import Postgres
from tests.server.conftest import eventually

HERE = Path(__file__).resolve().parents[2]
Samples = dict[tuple[str, ...], float]


def told(text: str) -> Samples:
    """By name and labels' values."""
    families = text_string_to_metric_families(text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def asked(port: int) -> Samples:
    return told(httpx2.get(f"http://{HOST}:{port}/metrics").raise_for_status().text)


@pytest.fixture
def watched(database_url: str, tmp_path: Path) -> Iterator[tuple[LiveServer, int]]:
    port = free_port()
    env = environment(tmp_path / "data", database_url) | {"OSTIARY_METRICS_PORT": str(port)}
    with start_server(env, free_port()) as server:
        yield server, port


def test_counts_what_was_answered(watched: tuple[LiveServer, int]) -> None:
    server, port = watched
    pair = server.cli("init", "--organization", "Acme", "--bank", "North")
    sent = {"grant_type": "client_credentials", "client_id": pair["client_id"], "client_secret": pair["client_secret"]}
    token = httpx2.post(f"{server.base_url}/oauth/token", json=sent).json()["access_token"]
    for _ in range(2):
        assert httpx2.post(f"{server.base_url}/oauth/token", json=sent | {"scope": "nonsense"}).status_code == 400
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx2.get(f"{server.base_url}/api/banks", headers=bearer).status_code == 200
    assert httpx2.post(f"{server.base_url}/oauth/introspect", data={"token": token}).status_code == 401
    assert httpx2.get(f"{server.base_url}/sign-in").status_code == 200
    found = asked(port)
    assert found["ostiary_requests_total", "token", "200"] == 1
    assert found["ostiary_requests_total", "token", "400"] == 2
    assert found["ostiary_requests_total", "oauth", "401"] == 1
    assert found["ostiary_requests_total", "pages", "200"] == 1
    assert (
        found["ostiary_request_seconds_count", "token"] == found["ostiary_request_seconds_bucket", "token", "+Inf"] == 3
    )
    assert 0 < found["ostiary_request_seconds_sum", "api"] < 60
    assert found["ostiary_key_uses_total", "token_issued"] == 1
    assert found["ostiary_key_uses_total", "invalid_scope"] == 2
    assert (found["ostiary_database_up",], found["ostiary_signing_keys",]) == (1, 1)
    assert found["process_resident_memory_bytes",] > 0
    # What is written to the database counts on.
    eventually(lambda: server.cli("keys", "show", pair["client_id"])["last_used_at"])
    assert asked(port)["ostiary_key_uses_total", "token_issued"] == 1


def test_tells_nothing_secret_and_nobody_else(watched: tuple[LiveServer, int]) -> None:
    server, port = watched
    pair = server.cli("init", "--organization", "Acme", "--bank", "North")
    sent = {"grant_type": "client_credentials", "client_id": pair["client_id"], "client_secret": pair["client_secret"]}
    token = httpx2.post(f"{server.base_url}/oauth/token", json=sent).json()["access_token"]
    text = httpx2.get(f"http://{HOST}:{port}/metrics").text
    secrets = [*pair.values(), token, "Acme", "North"]
    assert [each for each in secrets if str(each) in text] == []
    assert httpx2.get(f"{server.base_url}/metrics").status_code != 200


def test_says_that_the_database_is_away(ostiary: Ostiary, settings: Settings, postgres: Postgres | None) -> None:
    registry = CollectorRegistry()
    registry.register(Facts(ostiary.durations, ostiary.usage, ostiary.store, ostiary.counting, ostiary.keys))
    well = told(generate_latest(registry).decode())
    assert (well["ostiary_database_up",], well["ostiary_events_waiting",]) == (1, 0)
    with taken_away(settings, postgres):
        away = told(generate_latest(registry).decode())
    assert away["ostiary_database_up",] == 0
    assert ("ostiary_events_waiting",) not in away


def test_says_that_its_port_is_taken(database_url: str, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        env = environment(tmp_path / "data", database_url) | {"OSTIARY_METRICS_PORT": str(port)}
        with pytest.raises(AssertionError, match=f"OSTIARY_METRICS_PORT: cannot listen on {HOST}:{port}"):
            LiveServer(env, free_port())


def test_gives_each_worker_a_port(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    more = {"OSTIARY_METRICS_PORT": str(port), "OSTIARY_WORKERS": "2"}
    with start_server(environment(tmp_path / "data", database_url) | more, free_port()) as server:

        def processes() -> set[str]:
            """Behind the two ports."""
            try:
                told = [sample for each in (port, port + 1) for sample in asked(each)]
            except httpx2.HTTPError:
                return set()
            return {sample[1] for sample in told if sample[0] == "ostiary_build_info"}

        before = eventually(lambda: found if len(found := processes()) == 2 else set())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: len(now := processes()) == 2 and not now & before, START_SECONDS)


def test_shows_and_watches_what_there_is() -> None:
    """The dashboard and the alerts name no figure that nobody tells, and the handbook names all."""
    there = {
        f"ostiary_{name}" for name in re.findall(r'"ostiary_([a-z_]+)"', (HERE / "src/ostiary/metrics.py").read_text())
    }
    dashboard = json.loads((HERE / "deploy/grafana/ostiary.json").read_text())
    alerts = yaml.safe_load((HERE / "deploy/prometheus/alerts.yml").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    named = {name for text in asked for name in re.findall(r"\bostiary_[a-z_]+", text)}
    assert {re.sub("_(total|bucket)$", "", name) for name in named} <= there
    assert {name for text in asked for name in re.findall(r'outcome!?="([a-z_]+)"', text)} <= {ISSUED, *REFUSALS}
    handbook = (HERE / "docs/operations.md").read_text()
    assert [name for name in there if not re.search(rf"`{name}(_total)?[`{{]", handbook)] == []
