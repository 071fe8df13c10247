"""Answers of the OAuth endpoints: RFC 6749 §5, never stored, and refusals in one shape."""

import json
from collections.abc import Mapping

import structlog

from ostiary.errors import StoreUnavailable
from ostiary.oauth.errors import OAuthError
from ostiary.oauth.explanations import explain
from ostiary.web.asgi import JSON, NO_STORE, SECURITY_HEADERS
from ostiary.web.refusals import note_away
from ostiary.web.together import Answer

# RFC 6749 §5.1: answers and refusals alike must not be stored.
HEADERS = (JSON, NO_STORE, (b"pragma", b"no-cache"), *SECURITY_HEADERS)
# RFC 6749 §5.2: a refused client learns which scheme it may use.
CHALLENGE = (b"www-authenticate", b'Basic realm="ostiary", charset="UTF-8"')
ALLOW = (b"allow", b"POST")
# RFC 6585 §4. A code that waits is over within minutes.

log = structlog.get_logger(__name__)


def told(members: Mapping[str, object]) -> Answer:
    return Answer(200, json.dumps(members).encode(), HEADERS)


def refusal(error: Exception) -> Answer:
    """What a caller hears of any error; whatever was not meant is a 500 that the log explains."""
    if isinstance(error, OAuthError):
        log.debug("client_refused", error=error.error, description=error.description)
        more = {401: (CHALLENGE,), 405: (ALLOW,)}.get(error.status, ())
        own = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
        body = _body(error.error, error.description, error.more or _advice(error))
        return Answer(error.status, body, (*HEADERS, *more, *own))
    if isinstance(error, StoreUnavailable):
        note_away(error)
        body = _body("temporarily_unavailable", error.sentence)
        return Answer(503, body, (*HEADERS, (b"retry-after", b"1")))
    log.error("oauth_failed", exc_info=error)
    return Answer(500, _body("server_error", "Something went wrong here: try again, or tell the operator"), HEADERS)


def _advice(error: OAuthError) -> Mapping[str, object]:
    """For somebody who did not show a secret that is right: it depends on nothing but the text."""
    if error.status != 401:  # noqa: PLR2004 - the status itself
        return {}
    return {"rule": error.error, "what_to_do": explain(error.error, error.description).what_to_do}


def _body(error: str, description: str, more: Mapping[str, object] | None = None) -> bytes:
    return json.dumps({"error": error, "error_description": description, **(more or {})}).encode()
