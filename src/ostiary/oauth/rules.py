"""The rules that tokens and keys are refused by: what an answer tells programs beside the published text."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from ostiary import clock
from ostiary.access.actor import Subject
from ostiary.oauth.explanations import ADDRESS, ADDRESS_OF_CUSTOMER, NEW_TOKEN, by_message
from ostiary.oauth.standing import CUSTOMER_DELETED, LOGIN_OUTDATED, OUTDATED, Refused

ADDRESS_NOT_ALLOWED = "address_not_allowed"
EXPIRED = "Signature has expired"
TOKEN_REVOKED = "Token revoked"  # noqa: S105 - a text


class Rule(NamedTuple):
    """Its name, which is also what breaking it is counted as, and the member that says when it was broken."""

    name: str
    since: str = ""


# By the published text.
RULES: Mapping[str, Rule] = {
    "Authorization header is malformed.": Rule("header"),
    "Signature verification raised": Rule("signature"),
    EXPIRED: Rule("token_expired", "expired_at"),
    "Invalid audience": Rule("audience"),
    "Invalid issuer": Rule("issuer"),
    "Token is not valid yet": Rule("not_valid_yet"),
    Refused.REVOKED: Rule("revoked", "revoked_at"),
    Refused.EXPIRED: Rule("expired", "expired_at"),
    Refused.PAUSED: Rule("paused", "paused_at"),
    Refused.USER_DISABLED: Rule("user_disabled", "disabled_at"),
    Refused.LOGIN_ENDED: Rule("login_ended", "ended_at"),
    Refused.BANK_CLOSED: Rule("bank_closed", "closed_at"),
    Refused.ORGANIZATION_CLOSED: Rule("organization_closed", "closed_at"),
    TOKEN_REVOKED: Rule("token_revoked", "revoked_at"),
    CUSTOMER_DELETED: Rule("customer_deleted"),
    OUTDATED: Rule("token_outdated"),
    LOGIN_OUTDATED: Rule("login_outdated"),
}
# Programs are told where, too.
AT_TOKEN_ENDPOINT = "Make a new token with the same key pair at POST /oauth/token; the key itself is fine"  # noqa: S105 - advice


def broken(text: str, *, since: dt.datetime | None = None, subject: str = "") -> dict[str, object]:
    """The members beside the published ones; `subject` is the kind of the token that was refused."""
    rule = RULES[text]
    when = {rule.since: clock.on_the_wire(since)} if since and rule.since else {}
    advice = by_message(text, subject).what_to_do
    return {"rule": rule.name, **when, "what_to_do": AT_TOKEN_ENDPOINT if advice == NEW_TOKEN else advice}


def address_refused(address: str, *, subject: str = "") -> dict[str, object]:
    """`address` is empty where it is not known."""
    seen = {"address": address} if address else {}
    advice = ADDRESS_OF_CUSTOMER if subject == Subject.CUSTOMER else ADDRESS
    return {"rule": ADDRESS_NOT_ALLOWED, **seen, "what_to_do": advice.what_to_do}
