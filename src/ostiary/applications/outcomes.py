"""What became of requests with a key, in words for people."""

from collections.abc import Mapping

ISSUED = "token_issued"

# As `usage` counts them: what the OAuth endpoints refused, and what the API did.
REFUSALS: Mapping[str, str] = {
    "invalid_client": "The client secret was wrong",
    "address_not_allowed": "The address is not on the key's list",
    "too_many_requests": "Tokens were asked for more often than a limit allows",
    "invalid_scope": "A scope was asked for that this kind of key cannot have",
    "invalid_grant": "It was to revoke a token of another key",
    "paused": "The key was paused",
    "expired": "The key had expired",
    "revoked": "The key was revoked",
    "token_revoked": "The token had been revoked",
    "token_outdated": "The bank had changed since the token was made",
    "customer_deleted": "The customer was not there any more",
    "bank_closed": "The bank was closed",
    "organization_closed": "The organization was closed",
    "user_disabled": "The person was disabled",
    "login_ended": "The login had ended",
    "login_outdated": "The person's place had changed since the token was made",
    # Counted for no key, because a request like this does not say for certain whose it is.
    "invalid_request": "The request was malformed",
    "unsupported_grant_type": "Another grant type was asked for",
    "unauthorized_client": "A key asked for what only people's programs get",
    "authorization_pending": "Nobody had let the program in yet",
    "slow_down": "The program asked too often whether it was let in",
    "access_denied": "The program was not let in",
    "expired_token": "The program's code had expired",
    "signature": "The token was not one of ours",
    "token_expired": "The token had expired",
    "audience": "The token was made for another server",
    "issuer": "The token was made by another server",
    "not_valid_yet": "The token was not valid yet",
}


def in_words(outcome: str) -> str:
    # A later release may have counted something that this one does not know.
    return REFUSALS.get(outcome, outcome.replace("_", " ").capitalize())
