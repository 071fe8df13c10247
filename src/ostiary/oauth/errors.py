"""Refusals of the OAuth endpoints, in the words of RFC 6749 §5.2.

OAuthError
├── InvalidRequest       400 (405, 413, 415 where HTTP has a status of its own)
├── InvalidClient        401: the pair does not authenticate
│   └── WrongPair        no such client, or not its secret: a failure of whoever sent it
├── InvalidGrant         400: a token of another key, or a code or refresh token that does not count
├── InvalidScope         400
├── UnauthorizedClient   400: known, but not for this grant
├── UnsupportedGrantType 400
├── AuthorizationPending 400: RFC 8628 §3.5, the person has not decided yet
├── SlowDown             400: likewise, and the program asks too often
├── AccessDenied         400: the person said no, or may no longer come in
├── ExpiredToken         400: the device code is too old
└── TooManyRequests      429: RFC 6585 §4, for which OAuth has no word
"""

from collections.abc import Mapping

from ostiary.errors import OstiaryError
from ostiary.oauth.queries import Standing


class OAuthError(OstiaryError):
    error = ""
    status = 400

    def __init__(
        self,
        description: str,
        *,
        status: int | None = None,
        outcome: str = "",
        application_guid: str = "",
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.status = status or self.status
        # What the refusal is counted as, and for which key.
        self.application_guid = application_guid
        self.outcome = outcome or self.error
        # Members beside the two of the standard (RFC 6749 §5.2 leaves room for them).
        self.more = more or {}
        # Beside those of every refusal.
        self.headers: Mapping[str, str] = {}


class InvalidRequest(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_request"


class InvalidClient(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_client"
    status = 401


class WrongPair(InvalidClient):
    """The same to whoever sent it, whether there is such a client or not; `standing` says whose it is, if it is."""

    def __init__(self, description: str, address: str, standing: Standing | None = None) -> None:
        super().__init__(description, application_guid=standing.application_guid if standing else "")
        self.address = address
        self.standing = standing


class InvalidGrant(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_grant"


class InvalidScope(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):  # noqa: N818 - the word of the standard
    error = "unsupported_grant_type"


class TooManyRequests(OAuthError):  # noqa: N818 - the word of the standard
    error = "too_many_requests"
    status = 429

    def __init__(
        self,
        description: str,
        *,
        outcome: str = "",
        application_guid: str = "",
        retry_after_seconds: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description, outcome=outcome, application_guid=application_guid)
        self.headers = {"Retry-After": str(retry_after_seconds), **(headers or {})}


class UnauthorizedClient(OAuthError):  # noqa: N818 - the word of the standard
    error = "unauthorized_client"


class AuthorizationPending(OAuthError):  # noqa: N818 - the word of the standard
    error = "authorization_pending"


class SlowDown(OAuthError):  # noqa: N818 - the word of the standard
    error = "slow_down"


class AccessDenied(OAuthError):  # noqa: N818 - the word of the standard
    error = "access_denied"


class ExpiredToken(OAuthError):  # noqa: N818 - the word of the standard
    error = "expired_token"
