"""Refusals of the OAuth endpoints, in the words of RFC 6749 §5.2.

OAuthError
├── InvalidRequest       400 (405, 413, 415 where HTTP has a status of its own)
├── InvalidClient        401: the pair does not authenticate
├── InvalidGrant         400: a token of another key, or a code or refresh token that does not count
├── InvalidScope         400
├── UnauthorizedClient   400: known, but not for this grant
├── UnsupportedGrantType 400
├── AuthorizationPending 400: RFC 8628 §3.5, the person has not decided yet
├── SlowDown             400: likewise, and the program asks too often
├── AccessDenied         400: the person said no, or may no longer come in
├── ExpiredToken         400: the device code is too old
└── TooManyWaiting       429: of device codes
"""

from ostiary.errors import OstiaryError


class OAuthError(OstiaryError):
    error = ""
    status = 400

    def __init__(
        self, description: str, *, status: int | None = None, outcome: str = "", application_guid: str = ""
    ) -> None:
        super().__init__(description)
        self.description = description
        self.status = status or self.status
        # What the refusal is counted as, and for which key.
        self.application_guid = application_guid
        self.outcome = outcome or self.error


class InvalidRequest(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_request"


class InvalidClient(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_grant"


class InvalidScope(OAuthError):  # noqa: N818 - the word of the standard
    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):  # noqa: N818 - the word of the standard
    error = "unsupported_grant_type"


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


class TooManyWaiting(OAuthError):  # noqa: N818 - reads as what it is
    error = "temporarily_unavailable"
    status = 429
