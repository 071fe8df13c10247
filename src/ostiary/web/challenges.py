"""The `WWW-Authenticate` header of a refusal: RFC 6750 §3, with the pointer of RFC 9728 §5.1."""

from ostiary.errors import Forbidden, Problem, Unauthorized
from ostiary.web.asgi import Headers

RESOURCE_METADATA = "ostiary.resource_metadata"


def challenges(problem: Problem, resource_metadata: str) -> Headers:
    """One header for a 401 or 403, none for anything else."""
    if not isinstance(problem, Unauthorized | Forbidden):
        return []
    parts = ['Bearer realm="ostiary"']
    required = problem.more.get("required")
    if isinstance(required, list):
        parts += ['error="insufficient_scope"', f'scope="{" ".join(required)}"']
    elif problem.message_code != "authentication_malformed":
        parts += ['error="invalid_token"', f'error_description="{problem.error_message}"']
    # RFC 6750 §3.1: a request without a usable token is told the scheme and no error.
    parts.append(f'resource_metadata="{resource_metadata}"')
    return [(b"www-authenticate", ", ".join(parts).encode("latin-1", "replace"))]
