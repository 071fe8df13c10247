"""Every event says something to people, in a sentence that begins with whoever did it."""

import pytest

from ostiary.events import words
from ostiary.events.catalog import EventType
from ostiary.events.models import Event


def event(event_type: str, facts: dict[str, object] | None = None, actor_guid: str = "somebody") -> Event:
    return Event(event_type=event_type, actor_guid=actor_guid, object_guid="something", facts=facts or {})


@pytest.mark.parametrize("event_type", EventType)
def test_has_words_for_every_event(event_type: EventType) -> None:
    told = words.phrase(event(event_type))
    assert told
    assert event_type not in told
    assert words.TITLES[event_type]


def test_has_words_for_no_event_that_is_gone() -> None:
    assert set(words.TITLES) == set(words.PHRASES) == set(EventType)


@pytest.mark.parametrize(
    ("event_type", "facts", "said"),
    [
        ("credential.updated", {"paused": True}, "paused the key"),
        ("credential.updated", {"paused": False}, "resumed the key"),
        ("credential.updated", {"observed": True}, "began to observe the addresses of the key"),
        ("credential.updated", {"observed": False}, "stopped observing the addresses of the key"),
        ("credential.updated", {"name": ["Old", "New"]}, "changed the key"),
        ("bank.updated", {"closed": True}, "closed the bank"),
        ("bank.updated", {"closed": False}, "reopened the bank"),
        ("webhook.created", {}, "did what is called webhook.created to"),
    ],
)
def test_says_what_was_done(event_type: str, facts: dict[str, object], said: str) -> None:
    assert words.phrase(event(event_type, facts)) == said


@pytest.mark.parametrize(
    ("event_type", "facts", "said"),
    [
        ("credential.updated", {"paused": True}, []),
        ("credential.updated", {"name": ["Old", "New name"]}, ["name: Old became “New name”"]),
        (
            "credential.updated",
            {"ip_allowlist": [["10.0.0.1/32", "10.0.0.2/32"], ["10.0.0.2/32", "::1/128"]]},
            ["addresses: added ::1/128; removed 10.0.0.1/32"],
        ),
        ("credential.updated", {"ip_allowlist": [["a", "b"], ["b", "a"]]}, ["addresses: in another order"]),
        (
            "credential.created",
            {"ip_allowlist": ["10.0.0.1/32", "10.0.0.2/32"]},
            ["addresses: 10.0.0.1/32, 10.0.0.2/32"],
        ),
        ("credential.created", {"ip_allowlist": [], "name": "Known"}, []),
        ("bank.updated", {"type": ["sandbox", "production"]}, ["type: sandbox became production"]),
        ("bank.updated", {"features": [["a"], list("abcdefghij")]}, ["features: added b, c, d, e, f, g and 3 more"]),
        ("user.updated", {"role": ["viewer", None]}, ["role: viewer became nothing"]),
        ("user.created", {"email": "bob@example.com", "is_new": True}, ["email: bob@example.com", "is new: yes"]),
    ],
)
def test_says_what_was_different(event_type: str, facts: dict[str, object], said: list[str]) -> None:
    assert words.details(event(event_type, facts), known_name="Known") == said


def test_tells_joining_from_being_added() -> None:
    joined, added = event("user.created", actor_guid="something"), event("user.created", actor_guid="")
    assert (words.phrase(joined), words.names_its_object(joined)) == ("joined the organization", False)
    assert (words.phrase(added), words.names_its_object(added)) == ("added", True)
