"""The public client of RFC 6749 §2.1, a program on somebody's own machine: it has a name and no secret."""

from collections.abc import Mapping

from ostiary.oauth.client_check import Sender
from ostiary.oauth.errors import InvalidRequest, UnauthorizedClient
from ostiary.oauth.logins import CLIENT_ID


def is_named(sender: Sender, sent: Mapping[str, str]) -> bool:
    """Whether a request comes from it rather than from somebody with a key pair."""
    return sent.get("client_id") == CLIENT_ID and not sender.authorization and "client_secret" not in sent


def must_be_named(sender: Sender, sent: Mapping[str, str]) -> None:
    """RFC 6749 §3.2.1: a client without a secret says its name."""
    if is_named(sender, sent):
        return
    if "client_id" not in sent and not sender.authorization:
        raise InvalidRequest(f"Send client_id={CLIENT_ID}")
    if sent.get("client_id") == CLIENT_ID:
        raise InvalidRequest(f"{CLIENT_ID} has no secret: send client_id alone")
    raise UnauthorizedClient(f"People sign in with client_id={CLIENT_ID}; keys get tokens with client_credentials")
