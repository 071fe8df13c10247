"""deploy/ against a running Ostiary and a real nginx: paths exist, headers are the same, and configurations load."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from ostiary.oauth import forward_auth
from tests.house.tree import HERE, repository_files
from tests.oauth.desk import Desk
from tests.proxies import nginx

pytestmark = pytest.mark.any_database

DEPLOY = HERE / "deploy"
PATH = re.compile(r"(?<![\w.])/(?:health|oauth|api|\.well-known)/[a-z/-]+")
# In nginx's form and in Envoy's.
HEADER = re.compile(r"\bostiary-[a-z-]+", re.IGNORECASE)
ASKED_WITH = {"ostiary-require-scope", "ostiary-was-refused"}


def envoy() -> Any:  # noqa: ANN401 - whatever the file holds
    (listener,) = yaml.safe_load((DEPLOY / "envoy/ostiary.yaml").read_text())["static_resources"]["listeners"]
    (connections,) = listener["filter_chains"][0]["filters"]
    return connections["typed_config"]


def compose() -> Any:  # noqa: ANN401 - likewise
    return yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())


@pytest.fixture
def told(desk: Desk) -> set[str]:
    """The names that Ostiary answers with when a request may pass."""
    token = desk.token(desk.north, "customers:read")
    answer = desk.request(forward_auth.PATH, [(b"authorization", f"Bearer {token}".encode())])
    assert answer.status == 200
    return {name for name in answer.headers if name.startswith("ostiary-")}


def test_asks_only_for_paths_that_exist(http: TestClient) -> None:
    texts = [(HERE / name).read_text() for name in repository_files() if name.startswith("deploy/")]
    paths = {path for text in texts for path in PATH.findall(text)}
    assert {"/health/live", "/health/ready", forward_auth.PATH} <= paths
    assert [path for path in sorted(paths) if http.get(path).status_code == 404] == []
    assert http.get("/health/alive").status_code == 404


def test_nginx_passes_on_every_header_that_says_who_is_asking(told: set[str]) -> None:
    text = (DEPLOY / "nginx/forward-auth.conf").read_text()
    set_by_proxy = {name.lower() for name in re.findall(r"proxy_set_header (Ostiary-\S+)", text)}
    assert set_by_proxy == told | ASKED_WITH


def test_envoy_takes_every_header_from_ostiary_and_none_from_callers(told: set[str]) -> None:
    settings = envoy()
    (check,) = [each["typed_config"] for each in settings["http_filters"] if each["name"].endswith("ext_authz")]
    (early,) = settings["early_header_mutation_extensions"]
    passed_on = check["http_service"]["authorization_response"]["allowed_upstream_headers"]["patterns"]
    assert {each["exact"] for each in passed_on} == told
    removed = [each["remove"] for each in early["typed_config"]["mutations"]]
    assert set(removed) == told | {"x-forwarded-for"}
    assert settings["common_http_protocol_options"]["headers_with_underscores_action"] == "DROP_HEADER"
    assert set(HEADER.findall((DEPLOY / "envoy/ostiary.yaml").read_text())) <= told | ASKED_WITH | {"Ostiary-Subject"}


def test_envoy_lets_nobody_pass_while_nobody_can_say() -> None:
    (check,) = [each["typed_config"] for each in envoy()["http_filters"] if each["name"].endswith("ext_authz")]
    assert check["failure_mode_allow"] is False
    assert check["http_service"]["path_prefix"] == forward_auth.PATH


def directives(text: str) -> set[str]:
    """Without what is a machine's own: addresses, ports and certificates."""
    lines = (line.strip() for line in text.splitlines())
    own = ("#", "server 1", "listen", "ssl_certificate")
    return {line for line in lines if line and not line.startswith(own)}


def test_containers_are_told_what_the_tested_nginx_is_told() -> None:
    tested = directives((DEPLOY / "nginx/ostiary.conf").read_text())
    assert tested - directives((DEPLOY / "compose/nginx.conf").read_text()) == set()


def test_containers_know_each_other_by_the_same_addresses() -> None:
    services = compose()["services"]
    address = {name: services[name]["networks"]["inside"]["ipv4_address"] for name in services}
    nodes = [name for name in services if name.startswith("node-")]
    named = re.findall(r"server ([\d.]+):8400", (DEPLOY / "compose/nginx.conf").read_text())
    assert named == [address[name] for name in nodes]
    assert {services[name]["environment"]["OSTIARY_TRUSTED_PROXIES"] for name in nodes} == {address["nginx"]}


def test_nginx_of_the_containers_loads(tmp_path: Path) -> None:
    tls = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-subj", "/CN=keys.example.com", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*tls, *files], cwd=tmp_path, capture_output=True, check=True)
    text = (DEPLOY / "compose/nginx.conf").read_text()
    assert loads(tmp_path, text) == ""
    assert 'unknown directive "keep_alive"' in loads(tmp_path, text.replace("keepalive 64", "keep_alive 64"))


def loads(folder: Path, text: str) -> str:
    """What nginx complains about, with the container's folders on this machine."""
    configuration = folder / "nginx.conf"
    configuration.write_text(text.replace("/tmp/", f"{folder}/").replace("/etc/nginx/tls/", f"{folder}/"))  # noqa: S108
    command = [nginx.program(), "-t", "-q", "-e", str(folder / "error.log"), "-c", str(configuration)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
