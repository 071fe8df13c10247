"""The trail is read in stretches: nothing twice, nothing left out, nobody else's, however it is filtered."""

import datetime as dt
from itertools import pairwise

import pytest

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.db.store import Store
from ostiary.errors import Forbidden, NotFound, Unauthorized
from ostiary.events import queries, service
from ostiary.events.models import Event
from ostiary.events.queries import EventFilter, Stretch

ACME, GLOBEX = "a" * 32, "f" * 32
SIZE = 3
START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
EVERYTHING = EventFilter()


def actor(organization_guid: str = ACME) -> Actor:
    return Actor(
        subject=Subject.USER, organization_guid=organization_guid, scopes=frozenset({Scope.ORGANIZATIONS_READ})
    )


def put(store: Store, number: int, organization_guid: str = ACME, **more: str) -> str:
    """An event of its own minute; two of the same number share it."""
    ids = {"object_guid": "thing", "actor_guid": "person", "event_type": "bank.updated", "bank_guid": "bank"} | more
    event = Event(
        **ids,
        organization_guid=organization_guid,
        actor_subject="user",
        address="",
        facts={},
        created_at=START + dt.timedelta(minutes=number),
    )
    with store.writing() as db:
        db.add(event)
        db.flush()  # the guid is asked for
        return event.guid


def look(store: Store, wanted: EventFilter = EVERYTHING, *, before: str = "", after: str = "") -> Stretch:
    with store.reading() as db:
        return service.stretch(db, actor(), wanted, SIZE, before=before, after=after)


def guids(stretch: Stretch) -> list[str]:
    return [event.guid for event in stretch.events]


def downwards(store: Store, wanted: EventFilter = EVERYTHING) -> list[str]:
    stretch = look(store, wanted)
    found = guids(stretch)
    while stretch.older_than:
        stretch = look(store, wanted, before=stretch.older_than)
        found += guids(stretch)
    return found


def upwards(store: Store, wanted: EventFilter = EVERYTHING) -> list[str]:
    """From the oldest stretch back to the first page."""
    stretch = look(store, wanted)
    while stretch.older_than:
        stretch = look(store, wanted, before=stretch.older_than)
    found = guids(stretch)
    while stretch.newer_than:
        stretch = look(store, wanted, after=stretch.newer_than)
        found = [guid for guid in guids(stretch) if guid not in found] + found
    return found


@pytest.mark.parametrize("count", [0, 1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, 10])
def test_leads_through_everything_and_back(store: Store, count: int) -> None:
    # Pairs share their moment: then the guid says which comes first.
    made = [put(store, number // 2) for number in range(count)]
    assert downwards(store) == made[::-1]
    assert upwards(store) == made[::-1]


def test_leaves_nothing_out_while_events_arrive(store: Store) -> None:
    made = [put(store, number) for number in range(8)]
    stretch, found = look(store), list[str]()
    while True:
        found += guids(stretch)
        put(store, 100 + len(found))
        if not stretch.older_than:
            break
        stretch = look(store, before=stretch.older_than)
    assert found == made[::-1]


def test_goes_upwards_without_a_gap_while_events_arrive(store: Store) -> None:
    made = [put(store, number) for number in range(5)]
    bottom = look(store, before=look(store).older_than)
    made += [put(store, number) for number in range(5, 9)]
    above = look(store, after=bottom.newer_than)
    assert guids(above) + guids(bottom) == made[4::-1]
    assert guids(look(store, after=above.newer_than)) == made[7:4:-1]


def test_shows_a_full_first_page_at_the_top(store: Store) -> None:
    made = [put(store, number) for number in range(5)]
    assert guids(look(store, after=made[3])) == made[:1:-1]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (EventFilter(bank_guid="north"), {1, 4}),
        (EventFilter(types=("credential.deleted",)), {2, 5}),
        (EventFilter(types=("credential.deleted", "bank.created")), {2, 3, 5}),
        (EventFilter(key_guids=("key",)), {4, 5, 6}),
        (EventFilter(person_guids=("alice", "account of alice")), {2, 3, 6}),
        (EventFilter(person_guids=("alice",), key_guids=("key",)), {6}),
        (EventFilter(bank_guid="north", key_guids=("key",)), {4}),
        (EventFilter(types=("credential.deleted",), key_guids=("key",)), {5}),
        (EventFilter(types=("credential.deleted",), person_guids=("alice",)), {2}),
        (EventFilter(types=("bank.created",), bank_guid="north"), set()),
        (EventFilter(since=START + dt.timedelta(minutes=5)), {5, 6, 7}),
        (EventFilter(until=START + dt.timedelta(minutes=2)), {0, 1}),
        (EventFilter(types=("bank.updated",), since=START + dt.timedelta(minutes=1), until=START), set()),
    ],
)
def test_finds_what_is_asked_for(store: Store, wanted: EventFilter, numbers: set[int]) -> None:
    differences: list[dict[str, str]] = [
        {},
        {"bank_guid": "north"},
        {"event_type": "credential.deleted", "actor_guid": "alice"},
        {"event_type": "bank.created", "actor_guid": "account of alice"},
        {"bank_guid": "north", "actor_guid": "key"},
        {"event_type": "credential.deleted", "object_guid": "key"},
        {"object_guid": "key", "actor_guid": "alice"},
        {},
    ]
    made = [put(store, number, **difference) for number, difference in enumerate(differences)]
    for number, difference in enumerate(differences):
        put(store, number, GLOBEX, **difference)
    expected = [made[number] for number in sorted(numbers, reverse=True)]
    assert downwards(store, wanted) == expected
    assert upwards(store, wanted) == expected


def test_says_how_far_it_looked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_LOOKED_AT", 4)
    wanted = EventFilter(types=("bank.updated",), bank_guid="north")
    rare = [put(store, number, bank_guid="north" if number % 9 == 0 else "south") for number in range(30)][::9]
    stretch = look(store, wanted)
    assert len(stretch.events) == 1
    assert stretch.looked_until == START + dt.timedelta(minutes=26)
    assert downwards(store, wanted) == rare[::-1]
    assert upwards(store, wanted) == rare[::-1]


def test_looks_at_no_more_than_it_says(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_LOOKED_AT", 4)
    for number in range(9):
        put(store, number, bank_guid="south")
    stretch = look(store, EventFilter(types=("bank.updated",), bank_guid="north"))
    places = [stretch.looked_until]
    while stretch.older_than:
        stretch = look(store, EventFilter(types=("bank.updated",), bank_guid="north"), before=stretch.older_than)
        places.append(stretch.looked_until)
    assert places == [START + dt.timedelta(minutes=5), START + dt.timedelta(minutes=1), None]
    assert all(later and earlier and later > earlier for later, earlier in pairwise(places[:-1]))


def test_keeps_the_order_when_one_way_is_looked_at_further_than_another(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done to the key is rare and reaches far; what it did itself is looked at a little at a time."""
    monkeypatch.setattr(queries, "MOST_LOOKED_AT", 4)
    wanted = EventFilter(types=("credential.updated",), key_guids=("key",))
    made = []
    for number in range(24):
        if number % 6 == 0:
            made.append(put(store, number, object_guid="key", event_type="credential.updated"))
        elif number % 6 == 3:
            made.append(put(store, number, actor_guid="key", event_type="credential.updated"))
        else:
            put(store, number, actor_guid="key")
    assert downwards(store, wanted) == made[::-1]
    assert upwards(store, wanted) == made[::-1]


@pytest.mark.parametrize("direction", ["before", "after"])
def test_knows_no_place_in_another_organizations_trail(store: Store, direction: str) -> None:
    put(store, 1)
    foreign = put(store, 2, GLOBEX)
    refusals = []
    for guid in (foreign, "nobody"):
        with pytest.raises(NotFound) as refused:
            look(store, before=guid if direction == "before" else "", after=guid if direction == "after" else "")
        refusals.append(refused.value.body)
    assert refusals[0] == refusals[1]


def test_has_a_door(store: Store) -> None:
    with store.reading() as db:
        with pytest.raises(Unauthorized):
            service.stretch(db, Actor(subject=Subject.BANK, scopes=frozenset(Scope)), EVERYTHING, SIZE)
        with pytest.raises(Forbidden):
            service.stretch(db, Actor(subject=Subject.USER, organization_guid=ACME), EVERYTHING, SIZE)
