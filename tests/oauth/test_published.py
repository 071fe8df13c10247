"""What the server tells everybody about itself: from its live settings, kept by caches, without a token."""

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary.settings import Settings
from tests.apps import app_on
from tests.live import MASTER_KEY

PUBLIC = "https://keys.example"
PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource", "/.well-known/jwks.json")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PUBLIC, "master_key": SecretStr(MASTER_KEY)})


def test_describes_the_token_endpoint(http: TestClient) -> None:
    said = http.get("/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == PUBLIC
    assert said["token_endpoint"] == f"{PUBLIC}/oauth/token"
    assert said["jwks_uri"] == f"{PUBLIC}/.well-known/jwks.json"
    assert said["grant_types_supported"] == [
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "refresh_token",
    ]
    assert said["device_authorization_endpoint"] == f"{PUBLIC}/oauth/device_authorization"
    assert {"banks:read", "users:execute"} <= set(said["scopes_supported"])
    assert (said["revocation_endpoint"], said["introspection_endpoint"]) == (
        f"{PUBLIC}/oauth/revoke",
        f"{PUBLIC}/oauth/introspect",
    )
    for endpoint, more in (("token", {"none"}), ("revocation", {"none"}), ("introspection", set())):
        methods = said[f"{endpoint}_endpoint_auth_methods_supported"]
        assert set(methods) == {"client_secret_basic", "client_secret_post", *more}


def test_describes_the_api_and_who_gives_tokens_for_it(http: TestClient) -> None:
    said = http.get("/.well-known/oauth-protected-resource").json()
    assert (said["resource"], said["authorization_servers"]) == (PUBLIC, [PUBLIC])
    assert said["bearer_methods_supported"] == ["header"]
    # RFC 9728 §2: these would be keys the API itself signs with, and it signs nothing.
    assert "jwks_uri" not in said


@pytest.mark.parametrize("path", PATHS)
def test_lets_caches_keep_it_and_ask_again_cheaply(http: TestClient, path: str) -> None:
    first = http.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.headers["cache-control"] == "public, max-age=300"
    for asked in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        again = http.get(path, headers={"If-None-Match": asked})
        assert (again.status_code, again.content) == (304, b"")
    assert http.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_publishes_the_key_it_signs_with(http: TestClient, settings: Settings) -> None:
    (key,) = http.get("/.well-known/jwks.json").json()["keys"]
    with app_on(settings) as other:
        assert key["kid"] == other.keys.current_kid
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


@pytest.mark.parametrize("path", PATHS)
def test_tells_the_headers_alone(http: TestClient, path: str) -> None:
    """RFC 9110 §9.1: every server has GET and HEAD."""
    whole, headers_alone = http.get(path), http.head(path)
    assert (headers_alone.status_code, headers_alone.content) == (200, b"")
    assert headers_alone.headers == whole.headers
