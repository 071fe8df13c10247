"""Refusals of the OAuth endpoints, in the words of RFC 6749 §5.2.

OAuthError
├── InvalidRequest       400 (405, 413, 415 where HTTP has a status of its own)
├── InvalidClient        401: the pair does not authenticate
├── InvalidGrant         400: a token of another key
├── InvalidScope         400
└── UnsupportedGrantType 400
"""

from collections.abc import Mapping

from ostiary.errors import OstiaryError


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
