"""Events in words for people: what somebody did, and what was different before."""

from collections.abc import Mapping, Sequence

from ostiary.events.catalog import EventType
from ostiary.events.models import Event

# As a heading, for whoever picks from all of them.
TITLES: Mapping[EventType, str] = {
    EventType.ORGANIZATION_CREATED: "Organization created",
    EventType.ORGANIZATION_UPDATED: "Organization changed",
    EventType.BANK_CREATED: "Bank created",
    EventType.BANK_UPDATED: "Bank changed",
    EventType.CREDENTIAL_CREATED: "Key generated",
    EventType.CREDENTIAL_UPDATED: "Key changed, paused or resumed",
    EventType.CREDENTIAL_DELETED: "Key revoked",
    EventType.TOKEN_REVOKED: "Token revoked",
    EventType.CUSTOMER_CREATED: "Customer created",
    EventType.CUSTOMER_UPDATED: "Customer changed",
    EventType.USER_INVITED: "Person invited",
    EventType.USER_CREATED: "Person joined",
    EventType.USER_UPDATED: "Person changed",
    EventType.USER_DISABLED: "Person disabled",
    EventType.USER_ENABLED: "Person enabled",
    EventType.USER_DELETED: "Person removed",
    EventType.SESSION_CREATED: "Signed in",
    EventType.SESSION_DELETED: "Signed out",
}

# What follows the name of whoever did it; the name of the object follows this.
PHRASES: Mapping[EventType, str] = {
    EventType.ORGANIZATION_CREATED: "created the organization",
    EventType.ORGANIZATION_UPDATED: "changed the organization",
    EventType.BANK_CREATED: "created the bank",
    EventType.BANK_UPDATED: "changed the bank",
    EventType.CREDENTIAL_CREATED: "generated the key",
    EventType.CREDENTIAL_UPDATED: "changed the key",
    EventType.CREDENTIAL_DELETED: "revoked the key",
    EventType.TOKEN_REVOKED: "revoked a token of the key",
    EventType.CUSTOMER_CREATED: "created the customer",
    EventType.CUSTOMER_UPDATED: "changed the customer",
    EventType.USER_INVITED: "invited",
    EventType.USER_CREATED: "added",
    EventType.USER_UPDATED: "changed",
    EventType.USER_DISABLED: "disabled",
    EventType.USER_ENABLED: "enabled",
    EventType.USER_DELETED: "removed",
    EventType.SESSION_CREATED: "signed in",
    EventType.SESSION_DELETED: "signed out",
}

# Changes that have a word of their own, by the fact that tells them.
WORDS_OF_FACTS: Mapping[tuple[str, str], Mapping[bool, str]] = {
    (EventType.CREDENTIAL_UPDATED, "paused"): {True: "paused the key", False: "resumed the key"},
    (EventType.CREDENTIAL_UPDATED, "secret_replaced"): {True: "was shown another secret of the key"},
    (EventType.BANK_UPDATED, "closed"): {True: "closed the bank", False: "reopened the bank"},
}

FACT_NAMES = {
    "ip_allowlist": "addresses",
    "client_id": "client id",
    "jti": "token id",
    "supported_country_codes": "countries",
    "supported_fiat_account_assets": "fiat assets",
    "supported_trading_symbols": "trading symbols",
    "cors_allowed_origins": "CORS origins",
    "replaces_guid": "takes over from key",
}

SESSIONS = {EventType.SESSION_CREATED, EventType.SESSION_DELETED}
MOST_LISTED = 6
EVERYTHING = 1_000_000


def phrase(event: Event) -> str:
    """What was done, as it stands between whoever did it and the thing it was done to."""
    for (event_type, name), words in WORDS_OF_FACTS.items():
        value = event.facts.get(name)
        if event_type == event.event_type and isinstance(value, bool):
            return words[value]
    if _is_about_its_actor(event):
        return "joined the organization"
    try:
        return PHRASES[EventType(event.event_type)]
    except ValueError:
        # A later release wrote it before an earlier one came back.
        return f"did what is called {event.event_type} to"


def names_its_object(event: Event) -> bool:
    """Whether the sentence goes on with the name of the thing."""
    return event.event_type not in SESSIONS and not _is_about_its_actor(event)


def details(event: Event, *, known_name: str = "", most: int = MOST_LISTED) -> list[str]:
    """What the event's facts add, a phrase each; of long lists at most so many entries."""
    is_change = event.event_type.endswith(".updated")
    told = []
    for name, value in event.facts.items():
        if (event.event_type, name) in WORDS_OF_FACTS or value in ("", None, [], known_name):
            continue
        is_pair = is_change and isinstance(value, list) and len(value) == 2  # noqa: PLR2004 - before and after
        said = _difference(value[0], value[1], most) if is_pair else _value(value, most)
        told.append(f"{FACT_NAMES.get(name, name.replace('_', ' '))}: {said}")
    return told


def _is_about_its_actor(event: Event) -> bool:
    return event.event_type == EventType.USER_CREATED and event.actor_guid == event.object_guid


def _difference(before: object, after: object, most: int) -> str:
    if not isinstance(before, list) or not isinstance(after, list):
        return f"{_value(before, most)} became {_value(after, most)}"
    added = [one for one in after if one not in before]
    removed = [one for one in before if one not in after]
    parts = [f"{word} {_listed(values, most)}" for word, values in (("added", added), ("removed", removed)) if values]
    return "; ".join(parts) or "in another order"


def _value(value: object, most: int) -> str:
    match value:
        case list():
            return _listed(value, most)
        case bool():
            return "yes" if value else "no"
        case None | "":
            return "nothing"
        case str() if " " in value:
            return f"“{value}”"
        case _:
            return str(value)


def _listed(values: Sequence[object], most: int) -> str:
    shown = ", ".join(str(value) for value in values[:most]) or "nothing"
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
