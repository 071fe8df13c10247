"""What refusals mean and what to do about them, for people: told at the terminal and by the Token doctor."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ostiary.access.actor import Subject, ask_for, use_the_token_of
from ostiary.access.scopes import Scope
from ostiary.errors import ASK_AN_OWNER, ASK_WHO_HOLDS_MORE


class Explanation(NamedTuple):
    """What is the matter, as a heading, and what to do."""

    meaning: str
    what_to_do: str


NEW_TOKEN = "Make a new token with the same key pair. The key itself is fine."  # noqa: S105 - advice
NEW_CUSTOMER_TOKEN = (
    "Make a new token for the customer at POST /api/customer_tokens, with a token of its bank. "  # noqa: S105 - advice
    "The key itself is fine."
)
COPY_AGAIN = "Copy it again, all of it, or make a new one with the same key pair."
IF_IT_WAS_SEEN = (
    "If somebody else could have read it on its way here (a history, a chat, a log), revoke its key and generate a "
    "new pair."
)

NEW_USER_TOKEN = "The command line gets a new one by itself; any other program refreshes its own."  # noqa: S105 - advice
IF_IT_OF_A_LOGIN_WAS_SEEN = (
    "If somebody else could have read it on its way here, end the login: with `ostiary logout`, or under Settings, "
    "Your account."
)

ADDRESS = Explanation(
    "The address is not on the key's list",
    "Add the address of the caller on the key's page or with `ostiary keys allow`, or call from one that is on the "
    "list.",
)
ADDRESS_OF_CUSTOMER = Explanation(
    "The address is on none of the token's lists",
    "Call from an address on the list of the token, or of its key where the token inherits that; or make a new token "
    "for the customer with this address in `ip_allowlist`.",
)
# By the text of the refusal; the bearer check and the token endpoint answer with these (DESIGN §6).
BY_MESSAGE: Mapping[str, Explanation] = {
    "Signature has expired": Explanation("The token has expired", NEW_TOKEN),
    "Signature verification raised": Explanation(
        "The server does not know the token's signature",
        "The token was altered, cut off, or made by another server. " + COPY_AGAIN,
    ),
    "Invalid audience": Explanation(
        "The token was made for another server",
        "Compare the public URL of the server that made it with the one that refused it.",
    ),
    "Invalid issuer": Explanation(
        "The token was made by another server",
        "Compare the public URL of the server that made it with the one that refused it.",
    ),
    "Token is not valid yet": Explanation(
        "Two clocks differ", "Compare the clocks of the machines: one is ahead of the other."
    ),
    "Credential revoked": Explanation("The key is revoked", "That is final: generate a new key pair."),
    "Credential has expired": Explanation("The key has expired", "Keys do not come back: generate a new key pair."),
    "Credential paused": Explanation(
        "The key is paused", "Resume it on its page, or with `ostiary keys resume`; its tokens work again at once."
    ),
    "Login ended": Explanation("The person's login has ended", "Sign in again with `ostiary login`."),
    "User disabled": Explanation(
        "The person may no longer come in", "Somebody who manages the team can let them in again."
    ),
    "Bank closed": Explanation(
        "The bank is closed", "The server's operator can reopen it with `ostiary banks reopen`."
    ),
    "Organization closed": Explanation(
        "The organization is closed", "None of its keys works. Ask the server's operator."
    ),
    "Token revoked": Explanation("This one token was revoked", NEW_TOKEN),
    "Customer deleted": Explanation(
        "The customer is not there any more", "No token works for a customer who is gone. The key itself is fine."
    ),
    "Token no longer matches its login": Explanation(
        "The person's place has changed since the token was made", "Sign in again with `ostiary login`."
    ),
    "Token no longer matches its key": Explanation("The bank has changed since the token was made", NEW_TOKEN),
    "Authorization header is malformed.": Explanation(
        "The request carries no usable token", "Send exactly one header: Authorization: Bearer <token>."
    ),
    "Client authentication failed": Explanation(
        "Client id and secret do not match",
        "Compare the client id with the one on the key's page. A lost secret cannot be shown again: generate a new "
        "pair.",
    ),
    "Forbidden": ADDRESS,
}

# By the code, where the text is a different one each time.
BY_CODE: Mapping[str, Explanation] = {
    "forbidden": Explanation("More would be given than the giver holds", ASK_WHO_HOLDS_MORE),
    "not_found": Explanation(
        "It does not exist for this token",
        "It was never there, or it belongs to another bank: check which key made the token.",
    ),
    "no_customer": Explanation(
        "The customer is none of the bank's",
        "A bank makes tokens for its own customers: check the guid, and which key made the token.",
    ),
    "invalid_scope": Explanation(
        "A scope was asked for that this kind of key cannot have",
        "Leave `scope` out to get all that the key may hold, or ask for fewer.",
    ),
    "invalid_client": Explanation(
        "The key pair was not accepted", "Change what the message names and send the request again."
    ),
    "invalid_request": Explanation(
        "The request is malformed", "Change what the message names; a token is asked for as in the request below."
    ),
    "invalid_grant": Explanation(
        "The token was issued to another key", "Revoke it with the pair of the key that it was issued to."
    ),
    "too_many_requests": Explanation(
        "More requests came than a limit allows",
        "Wait as long as the message says. A program that uses each token until it expires seldom asks so often.",
    ),
    "authorization_pending": Explanation(
        "Nobody has approved the program yet", "Open the link it shows and approve it, or wait."
    ),
    "slow_down": Explanation("The program asks too often", "It has to wait five seconds longer each time."),
    "access_denied": Explanation(
        "The program was not let in",
        "It was denied, or its person may no longer come in. Begin anew with `ostiary login`.",
    ),
    "expired_token": Explanation("The device code has expired", "Begin anew with `ostiary login`."),
    "unauthorized_client": Explanation(
        "A key asked for what only people's programs get", "Keys get tokens with grant_type=client_credentials."
    ),
    "unsupported_grant_type": Explanation("Another grant type was asked for", "Send grant_type=client_credentials."),
}
# RFC 6749 §5.2: the OAuth endpoints' own.
OAUTH_CODES = frozenset(
    {
        "invalid_scope",
        "invalid_client",
        "invalid_request",
        "invalid_grant",
        "unsupported_grant_type",
        "too_many_requests",
        "unauthorized_client",
        "authorization_pending",
        "slow_down",
        "access_denied",
        "expired_token",
    }
)
OTHER = Explanation("The request was refused", "Change what the message names and send the request again.")
WRONG_PAIR = "Client authentication failed"
# How refusals of refresh tokens and of used codes end.
SIGN_IN_AGAIN = "sign in again"
ADDRESS_REFUSED = "This key may not be used from "
BY_BEGINNING: Mapping[str, Explanation] = {
    ADDRESS_REFUSED: ADDRESS,
    # Too often by now: what to do about it is the same.
    WRONG_PAIR: BY_MESSAGE[WRONG_PAIR],
    "Only an owner ": Explanation("This is for owners only", ASK_AN_OWNER),
    "Nobody shuts themselves out": Explanation(
        "Nobody shuts themselves out", "Ask another owner or administrator of the organization."
    ),
}


def explain(code: str, message: str) -> Explanation:
    """A refusal by its code and text. Nothing of them is repeated that is not a word of ours."""
    if message in BY_MESSAGE:
        return BY_MESSAGE[message]
    begun = next((found for beginning, found in BY_BEGINNING.items() if message.startswith(beginning)), None)
    if begun is not None:
        return begun
    if code == "invalid_grant" and message.endswith(SIGN_IN_AGAIN):
        return BY_MESSAGE["Login ended"]
    match code:
        case "invalid_scopes":
            return _missing_scopes(message)
        case "invalid_subject":
            return _wrong_subject(message)
    return BY_CODE.get(code, OTHER)


def by_message(message: str, subject: str) -> Explanation:
    """For a token of this kind."""
    meaning, what_to_do = BY_MESSAGE[message]
    return Explanation(meaning, new_token(subject) if what_to_do == NEW_TOKEN else what_to_do)


def new_token(subject: str) -> str:
    others = {Subject.CUSTOMER: NEW_CUSTOMER_TOKEN, Subject.USER: NEW_USER_TOKEN}
    return next((advice for kind, advice in others.items() if subject == kind), NEW_TOKEN)


def scopes_named_in(message: str) -> list[Scope]:
    return [Scope(word) for word in re.findall(r"[a-z_:]+", message) if word in frozenset(Scope)]


def _missing_scopes(message: str) -> Explanation:
    scopes = scopes_named_in(message)
    meaning = f"The token lacks the scope {' and '.join(scopes)}" if scopes else "The token lacks a scope"
    if not scopes:
        return Explanation(meaning, "Ask for it when you make the token, or leave `scope` out to get all of them.")
    return Explanation(meaning, ask_for(scopes))


def _wrong_subject(message: str) -> Explanation:
    wanted = [subject for subject in Subject if re.search(rf"\b{subject}\b", message.lower())]
    return Explanation(
        "The token is of the wrong kind",
        use_the_token_of(wanted) if wanted else "Use another kind of key.",
    )
