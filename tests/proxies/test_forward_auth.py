"""A toy backend behind nginx, guarded by what deploy/nginx/forward-auth.conf says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ostiary.oauth import forward_auth
from tests.inside import answered_by
from tests.live import HOST, LiveServer, environment, free_port, start_server
from tests.proxies.nginx import running_nginx

pytestmark = pytest.mark.any_database

GUARDED = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "forward-auth.conf"
HTTP = """
    upstream ostiary {{ server {host}:{ostiary}; keepalive 8; }}
    upstream backend {{ server {host}:{backend}; }}
    server {{
        listen {host}:{port};
        {guarded}
    }}
"""
TOKEN_SECONDS = 2


@contextmanager
def toy_backend() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Says what it was told, and keeps it."""
    told: list[dict[str, str]] = []

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, *_: object) -> None:
            pass

    with answered_by(Echo) as port:
        yield port, told


@dataclass
class Scene:
    live: LiveServer
    url: str
    reached: list[dict[str, str]]
    pair: dict[str, Any]

    def token(self, scope: str) -> str:
        pair = {name: self.pair[name] for name in ("client_id", "client_secret")}
        sent = {"grant_type": "client_credentials", "scope": scope, **pair}
        return str(httpx2.post(f"{self.live.base_url}/oauth/token", json=sent).json()["access_token"])

    def post(self, token: str, **more: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in more.items()}}
        return httpx2.post(f"{self.url}/reports/x?access=1", json={"a": 1}, headers=headers)


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    limits = {"OSTIARY_TRUSTED_PROXIES": HOST, "OSTIARY_TOKEN_SECONDS_SANDBOX": str(TOKEN_SECONDS)}
    port = free_port()
    with start_server(environment(tmp_path / "data", database_url) | limits, free_port()) as live, toy_backend() as toy:
        ports = {"ostiary": live.port, "backend": toy[0], "port": port}
        http = HTTP.format(host=HOST, guarded=GUARDED.read_text(), **ports)
        with running_nginx(tmp_path / "nginx", port, http):
            pair = live.cli("init", "--organization", "Acme", "--bank", "North")
            yield Scene(live, f"http://{HOST}:{port}", toy[1], pair)


def test_lets_the_right_bank_through_and_names_it(scene: Scene) -> None:
    token = scene.token("customers:read banks:read")
    bearer = {"Authorization": f"Bearer {token}"}
    yes = httpx2.get(f"{scene.live.base_url}{forward_auth.PATH}", headers=bearer)
    names = [name for name in yes.headers if name.startswith("ostiary-")]
    assert len(names) == 8
    answer = scene.post(token, **{name.replace("-", "_"): "forged" for name in names})
    assert (answer.status_code, answer.text) == (200, "done")
    (told,) = scene.reached
    assert "forged" not in told.values()
    assert told["ostiary-client-id"] == scene.pair["client_id"]
    assert (told["ostiary-subject-type"], told["ostiary-bank-type"]) == ("bank", "sandbox")
    assert "ostiary-customer-guid" not in told
    assert told["ostiary-organization-guid"] == scene.pair["organization_guid"]
    assert told["ostiary-bank-guid"] == told["ostiary-subject"] == scene.pair["bank_guid"]
    assert told["ostiary-scope"] == "customers:read banks:read"
    assert "authorization" not in told


def test_refuses_what_may_not_pass_and_says_why(scene: Scene) -> None:
    refused = scene.post(scene.token("banks:read"), Ostiary_Require_Scope="banks:read")
    assert (refused.status_code, refused.json()["message_code"]) == (403, "invalid_scopes")
    nobody = httpx2.post(f"{scene.url}/reports/x", json={})
    assert (nobody.status_code, nobody.json()["message_code"]) == (401, "authentication_malformed")
    assert nobody.headers["www-authenticate"].startswith("Bearer ")
    token = scene.token("customers:read")
    assert scene.post(token).status_code == 200
    scene.live.cli("keys", "revoke", scene.pair["client_id"], "--yes")
    revoked = scene.post(token)
    assert (revoked.status_code, revoked.json()["error_message"]) == (401, "Credential revoked")
    assert len(scene.reached) == 1


def test_explains_an_expired_token(scene: Scene) -> None:
    token = scene.token("customers:read")
    while (answer := scene.post(token)).status_code == 200:
        pass
    assert (answer.status_code, answer.json()["error_message"]) == (401, "Signature has expired")
    assert answer.json()["what_to_do"]


def test_lets_nobody_ask_for_the_answer_itself(scene: Scene) -> None:
    assert httpx2.get(f"{scene.url}/_ostiary").status_code == 404


def test_says_so_when_nobody_can_say(scene: Scene) -> None:
    token = scene.token("customers:read")
    scene.live.stop()
    answer = scene.post(token)
    assert answer.status_code >= 500
    assert json.dumps(scene.reached) == "[]"
