"""GET /.well-known/oauth-authorization-server: RFC 8414, from the live configuration."""

from ostiary.access.scopes import BANK_KEY, ORGANIZATION_KEY
from ostiary.oauth import introspection, revocation

PATH = "/.well-known/oauth-authorization-server"
METHODS = ["client_secret_basic", "client_secret_post"]


def document(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": sorted(BANK_KEY | ORGANIZATION_KEY),
        # RFC 8414 §2 demands a member; there is no authorization endpoint, so the type is "none".
        "response_types_supported": ["none"],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint": issuer + revocation.PATH,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "introspection_endpoint": issuer + introspection.PATH,
        "introspection_endpoint_auth_methods_supported": METHODS,
        "service_documentation": f"{issuer}/api/schema/swagger-ui",
    }
