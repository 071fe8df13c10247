"""PyJWT and joserfc verify the tokens from the served JWKS alone."""

from typing import Any

import httpx2
import joserfc.errors
import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import ECKey, KeySet

from tests.clients.cast import Cast, Holder

REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]


@pytest.fixture(params=["north", "acme"])
def key(cast: Cast, request: pytest.FixtureRequest) -> Holder:
    """A bank's key and an organization's."""
    holder: Holder = getattr(cast, request.param)
    return holder


def jwks(key: Holder) -> Any:  # noqa: ANN401 - any JSON
    return httpx2.get(key.server.base_url + "/.well-known/jwks.json").json()


def test_is_verified_by_pyjwt_from_the_jwks_url(key: Holder) -> None:
    token, url = key.token(), key.server.base_url
    found = jwt.PyJWKClient(url + "/.well-known/jwks.json").get_signing_key_from_jwt(token)
    told = jwt.decode(
        token, found, algorithms=["ES256"], issuer=url, audience=url, options={"require": REQUIRED, "strict_aud": False}
    )
    assert (told["sub"], told["client_id"]) == (key.guid, key.client_id)


def test_is_verified_by_pyjwt_from_the_key_set(key: Holder) -> None:
    token, url = key.token(), key.server.base_url
    header = jwt.get_unverified_header(token)
    found = jwt.PyJWKSet.from_dict(jwks(key))[header["kid"]]
    assert found.public_key_use == "sig"
    assert jwt.decode(token, found, algorithms=["ES256"], issuer=url, audience=url)["sub"] == key.guid
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")


@pytest.mark.parametrize("claim", ["issuer", "audience"])
def test_is_not_verified_by_pyjwt_for_somebody_else(key: Holder, claim: str) -> None:
    expected = {"issuer": key.server.base_url, "audience": key.server.base_url} | {claim: "https://elsewhere.example"}
    token = key.token()
    found = jwt.PyJWKSet.from_dict(jwks(key))[jwt.get_unverified_header(token)["kid"]]
    with pytest.raises((jwt.InvalidIssuerError, jwt.InvalidAudienceError)):
        jwt.decode(token, found, algorithms=["ES256"], issuer=expected["issuer"], audience=expected["audience"])


def test_is_verified_by_joserfc(key: Holder) -> None:
    url = key.server.base_url
    token = joserfc.jwt.decode(key.token(), KeySet.import_key_set(jwks(key)), algorithms=["ES256"])
    asked: dict[str, Any] = {name: {"essential": True} for name in REQUIRED}
    asked["iss"], asked["aud"] = {"essential": True, "value": url}, {"essential": True, "value": url}
    joserfc.jwt.JWTClaimsRegistry(**asked).validate(token.claims)
    assert token.header["typ"] == "at+jwt"
    assert token.claims["sub"] == key.guid


def test_names_its_keys_by_their_thumbprints(key: Holder) -> None:
    served = jwks(key)["keys"]
    assert served
    assert [jwk["kid"] for jwk in served] == [ECKey.import_key(jwk).thumbprint() for jwk in served]
    assert jwt.get_unverified_header(key.token())["kid"] in {jwk["kid"] for jwk in served}


def test_serves_public_halves_only(key: Holder) -> None:
    assert not any("d" in jwk for jwk in jwks(key)["keys"])


def test_is_not_verified_by_joserfc_once_changed(key: Holder) -> None:
    head, body, signature = key.token().split(".")
    forged = f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    with pytest.raises(joserfc.errors.BadSignatureError):
        joserfc.jwt.decode(forged, KeySet.import_key_set(jwks(key)), algorithms=["ES256"])
