"""Every event type, and which durable work each one starts.

A type is `<object>.<what happened>`. On the wire a key is a `credential` and a member of an organization a `user`;
`customer.*`, `organization.*`, `session.*`, `login.*`, `token.*`, `credential.failed` and `user.invited` are audit
only. A token's object is its key, and so is that of a failure to authenticate with it; a login is a program in which
somebody signed in.
"""

from collections.abc import Mapping
from enum import StrEnum


class EventType(StrEnum):
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_UPDATED = "organization.updated"
    BANK_CREATED = "bank.created"
    BANK_UPDATED = "bank.updated"
    CREDENTIAL_CREATED = "credential.created"
    CREDENTIAL_UPDATED = "credential.updated"
    CREDENTIAL_DELETED = "credential.deleted"
    CREDENTIAL_FAILED = "credential.failed"
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    USER_INVITED = "user.invited"
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    SESSION_CREATED = "session.created"
    SESSION_DELETED = "session.deleted"
    LOGIN_CREATED = "login.created"
    LOGIN_DENIED = "login.denied"
    LOGIN_DELETED = "login.deleted"


class Consumer(StrEnum):
    """Work done once for an event, after the transaction that recorded it."""

    CUSTOMER_RECORDING = "customer_recording"


CONSUMERS: dict[EventType, tuple[Consumer, ...]] = {
    EventType.CUSTOMER_CREATED: (Consumer.CUSTOMER_RECORDING,),
}

# By the fact that says so; without one, the event itself does.
_TAKING: dict[EventType, tuple[str, ...]] = {
    EventType.CREDENTIAL_DELETED: (),
    EventType.CREDENTIAL_UPDATED: ("paused", "ip_allowlist"),
    EventType.BANK_UPDATED: ("closed", "type"),
    EventType.USER_DISABLED: (),
    EventType.USER_DELETED: (),
    EventType.USER_UPDATED: ("role", "password_changed"),
}


def takes_away(event_type: EventType, facts: Mapping[str, object]) -> bool:
    """Whether it says no to somebody who was let in before, in a way that ends with no session, login or token."""
    if event_type not in _TAKING:
        return False
    names = _TAKING[event_type]
    return not names or any(facts.get(name) not in (None, False) for name in names)
