"""GET /.well-known/oauth-authorization-server: RFC 8414, from the live configuration."""

from ostiary.access.scopes import Scope
from ostiary.oauth import device_authorization, introspection, login_grants, revocation

PATH = "/.well-known/oauth-authorization-server"
WITH_PAIR = ["client_secret_basic", "client_secret_post"]
# RFC 7591 §2: of a program in which a person signs in, which has no secret.
ANY = [*WITH_PAIR, "none"]


def document(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        # RFC 8628 §4.
        "device_authorization_endpoint": issuer + device_authorization.PATH,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": sorted(Scope),
        # RFC 8414 §2 demands a member; there is no authorization endpoint, so the type is "none".
        "response_types_supported": ["none"],
        "grant_types_supported": ["client_credentials", login_grants.DEVICE_CODE, login_grants.REFRESH_TOKEN],
        "token_endpoint_auth_methods_supported": ANY,
        "revocation_endpoint": issuer + revocation.PATH,
        "revocation_endpoint_auth_methods_supported": ANY,
        "introspection_endpoint": issuer + introspection.PATH,
        "introspection_endpoint_auth_methods_supported": WITH_PAIR,
        "service_documentation": f"{issuer}/api/schema/swagger-ui",
    }
