"""Authlib's and requests-oauthlib's client-credentials clients, out of the box."""

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.integrations.requests_client import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.clients.cast import Cast, Holder, claims
from tests.clients.servers import serving
from tests.postgres import Postgres

SCOPES = "banks:read customers:read"


def authlib_session(key: Holder, method: str, **more: str) -> AuthlibSession:
    given = {"scope": SCOPES, "token_endpoint": key.server.base_url + "/oauth/token"} | more
    return AuthlibSession(key.client_id, key.client_secret, token_endpoint_auth_method=method, **given)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_gives_authlib_a_token_that_works(cast: Cast, method: str) -> None:
    with authlib_session(cast.north, method) as session:
        token = session.fetch_token(grant_type="client_credentials")
        assert (token["token_type"], token["scope"]) == ("Bearer", SCOPES)
        assert claims(token["access_token"])["sub"] == cast.north.guid
        assert session.get(f"{cast.north.server.base_url}/api/banks/{cast.north.guid}").json()["name"] == "North"


def test_lets_authlib_find_the_token_endpoint_by_itself(cast: Cast) -> None:
    with AuthlibSession(cast.north.client_id, cast.north.client_secret) as session:
        told = session.get(f"{cast.north.server.base_url}/.well-known/oauth-authorization-server", withhold_token=True)
        token = session.fetch_token(told.json()["token_endpoint"], grant_type="client_credentials")
    assert token["access_token"]


@pytest.mark.parametrize(
    ("more", "error"), [({"scope": "banks:execute"}, "invalid_scope"), ({"scope": "made:up"}, "invalid_scope")]
)
def test_speaks_authlibs_errors(cast: Cast, more: dict[str, str], error: str) -> None:
    with (
        authlib_session(cast.north, "client_secret_basic", **more) as session,
        pytest.raises(OAuthError) as refusal,
    ):
        session.fetch_token(grant_type="client_credentials")
    assert refusal.value.error == error
    assert refusal.value.description


def test_refuses_authlib_a_wrong_secret(cast: Cast) -> None:
    mixed_up = Holder(cast.north.server, cast.north.guid, cast.north.client_id, cast.south.client_secret)
    with authlib_session(mixed_up, "client_secret_basic") as session, pytest.raises(OAuthError) as refusal:
        session.fetch_token(grant_type="client_credentials")
    assert refusal.value.error == "invalid_client"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_lets_authlib_introspect_and_revoke_a_token(cast: Cast, method: str) -> None:
    with authlib_session(cast.north, method) as session:
        told = session.get(f"{cast.north.server.base_url}/.well-known/oauth-authorization-server", withhold_token=True)
        token = session.fetch_token(grant_type="client_credentials")["access_token"]
        for is_active in (True, False):
            answer = session.introspect_token(told.json()["introspection_endpoint"], token=token)
            assert answer.json()["active"] is is_active
            answer = session.revoke_token(told.json()["revocation_endpoint"], token=token)
            assert answer.status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_gives_requests_oauthlib_a_token_that_works(cast: Cast, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    north, url = cast.north, cast.north.server.base_url
    how: dict[str, object] = (
        {"auth": HTTPBasicAuth(north.client_id, north.client_secret)}
        if method == "client_secret_basic"
        else {"client_secret": north.client_secret, "include_client_id": True}
    )
    with OAuth2Session(client=BackendApplicationClient(north.client_id, scope=SCOPES.split())) as session:
        token = session.fetch_token(url + "/oauth/token", **how)
        assert token["scope"] == SCOPES.split()
        assert session.get(f"{url}/api/banks/{north.guid}").json()["name"] == "North"


def test_describes_itself_as_authlib_expects(cast: Cast) -> None:
    with AuthlibSession() as session:
        told = session.get(
            f"{cast.north.server.base_url}/.well-known/oauth-authorization-server", withhold_token=True
        ).json()
    AuthorizationServerMetadata(told).validate()
    assert told["issuer"] == cast.north.server.base_url
    assert "client_credentials" in told["grant_types_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(told["token_endpoint_auth_methods_supported"])


def test_describes_itself_under_its_public_url(
    postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    public = "https://keys.example.com"
    with (
        serving(postgres, tmp_path_factory.mktemp("public"), OSTIARY_PUBLIC_URL=public) as server,
        AuthlibSession() as session,
    ):
        told = session.get(server.base_url + "/.well-known/oauth-authorization-server", withhold_token=True).json()
    AuthorizationServerMetadata(told).validate()
    assert (told["issuer"], told["token_endpoint"]) == (public, public + "/oauth/token")
    assert told["jwks_uri"] == public + "/.well-known/jwks.json"
