"""GET /.well-known/oauth-protected-resource: RFC 9728, what a program must know before it calls the API."""

from ostiary.access.scopes import BANK_KEY, ORGANIZATION_KEY

PATH = "/.well-known/oauth-protected-resource"


def document(issuer: str) -> dict[str, object]:
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": sorted(BANK_KEY | ORGANIZATION_KEY),
        "bearer_methods_supported": ["header"],
        "resource_name": "Ostiary",
        "resource_documentation": f"{issuer}/api/schema/swagger-ui",
    }
