"""Activity: who did what, in words, filtered, a stretch at a time, and as a file no spreadsheet runs."""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.access.actor import STRANGER, Actor, Subject
from ostiary.applications import service as keys
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.banks.schemas import BankChanges
from ostiary.dashboard import activity_csv
from ostiary.dashboard.activity import KINDS, PER_PAGE
from ostiary.dashboard.activity_csv import BYTE_ORDER_MARK, HEAD, defused
from ostiary.events.catalog import EventType
from ostiary.events.models import Event
from ostiary.web.schemas import read_as
from tests.applications.cast import Cast, words
from tests.applications.reading import error_at, read
from tests.durability.direct import OPERATOR


def record(cast: Cast, number: int, organization_guid: str = "", **more: object) -> str:
    """An event of long ago, one a minute."""
    ids: dict[str, object] = {"object_guid": "thing", "bank_guid": None, "event_type": EventType.BANK_UPDATED}
    event = Event(
        **(ids | {"actor_subject": Subject.OPERATOR, "actor_guid": "", "address": "", "facts": {}} | more),
        organization_guid=organization_guid or cast.acme,
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
    )
    with cast.ostiary.store.writing() as db:
        db.add(event)
        db.flush()  # the guid is asked for
        return event.guid


def table(client: TestClient, path: str = "/activity.csv") -> list[Mapping[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(BYTE_ORDER_MARK.encode())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


def test_says_who_did_what_from_where(alice: TestClient, cast: Cast) -> None:
    made = cast.key(cast.north, "Till")
    with cast.ostiary.store.writing() as db:
        sent = read_as(ApplicationChanges, name="Checkout", ip_allowlist=["10.0.0.1", "10.0.0.2"])
        keys.update(db, OPERATOR, ApplicationKind.BANK, made.guid, sent)
        keys.pause(db, OPERATOR, ApplicationKind.BANK, made.guid)
    page = read(alice.get("/activity"))
    assert "The operator paused the key Checkout in North the server itself" in page.text
    assert "The operator changed the key Checkout in North name: Till became Checkout; addresses: added" in page.text
    assert "The operator generated the key Checkout in North name: Till; client id: ostid_" in page.text
    assert page.links["Checkout"] == f"/developers/keys/{made.guid}"
    assert page.links["North"] == f"/banks/{cast.north}"


def test_says_that_somebody_sends_wrong_secrets(alice: TestClient, cast: Cast) -> None:
    made = cast.key(cast.north, "Till")
    record(
        cast,
        1,
        actor_subject=STRANGER,
        event_type=EventType.CREDENTIAL_FAILED,
        object_guid=made.guid,
        bank_guid=cast.north,
        address="2001:db8::7",
        facts={"source": "2001:db8::/64", "more_than": "20 in 5 minutes"},
    )
    told = "sent too many wrong secrets for the key"
    details = "source: 2001:db8::/64; more than: “20 in 5 minutes”"
    page = read(alice.get("/activity?type=credential.failed"))
    assert f"Somebody unknown {told} Till in North {details} 2001:db8::7" in page.text
    assert page.links["Till"] == f"/developers/keys/{made.guid}"
    assert f"Somebody unknown {told}" in words(alice, f"/developers/keys/{made.guid}")


def test_names_the_key_behind_a_token(bob: TestClient, cast: Cast) -> None:
    made = cast.key(cast.north, "Onboarding")
    program = {"actor_subject": Subject.BANK, "actor_guid": made.guid, "bank_guid": cast.north}
    record(cast, 1, **program, event_type=EventType.CUSTOMER_CREATED, object_guid="c" * 32, address="203.0.113.7")
    page = read(bob.get(f"/activity?key={made.client_id}"))
    assert "A program with the key Onboarding created the customer cccccccc in North 203.0.113.7" in page.text
    assert page.links["cccccccc"] == f"/customers/{'c' * 32}"


def test_names_people_also_when_they_are_gone(alice: TestClient, cast: Cast) -> None:
    record(cast, 1, actor_subject=Subject.USER, actor_guid="d" * 32, event_type=EventType.SESSION_CREATED)
    assert "Somebody who is gone signed in" in words(alice, "/activity")


@pytest.mark.parametrize("event_type", EventType)
def test_shows_every_kind_of_event(alice: TestClient, cast: Cast, event_type: EventType) -> None:
    guid = record(cast, 1, event_type=event_type, facts={"name": ["Then", "Later"], "email": "then@example.com"})
    assert "No event is like this" not in words(alice, f"/activity?type={event_type}&until=2026-01-01")
    assert [row["event"] for row in table(alice, f"/activity.csv?type={event_type}&until=2026-01-01")] == [event_type]
    assert guid


def test_keeps_organizations_apart(alice: TestClient, mallory: TestClient, cast: Cast) -> None:
    mine, foreign = cast.key(cast.north, "Northern"), cast.key(cast.east, "Eastern")
    assert "Northern" in words(alice, "/activity")
    assert "Eastern" not in words(alice, "/activity")
    assert "Northern" not in words(mallory, "/activity")
    assert {row["object_guid"] for row in table(mallory)} & {mine.guid, cast.north, cast.acme} == set()
    assert foreign.guid in {row["object_guid"] for row in table(mallory)}


def test_finds_nothing_under_foreign_names(alice: TestClient, mallory: TestClient, cast: Cast) -> None:
    foreign = cast.key(cast.east, "Eastern")
    person = table(mallory)[0]["actor_guid"] or "nobody"
    for query in (f"key={foreign.guid}", f"key={foreign.client_id}", f"person={person}", f"bank={cast.east}"):
        assert "Nothing matches" in words(alice, f"/activity?{query}")
        assert table(alice, f"/activity.csv?{query}") == []
    event = record(cast, 1, cast.globex)
    answers = {alice.get(f"/activity?before={guid}").text for guid in (event, "e" * 32)}
    assert len(answers) == 1
    assert alice.get(f"/activity?before={event}").status_code == 404


def test_filters_by_key_person_bank_type_and_time(alice: TestClient, cast: Cast) -> None:
    made = cast.key(cast.south, "Southern")
    actor = Actor(subject=Subject.USER, guid="p" * 32, organization_guid=cast.acme)
    by_person = {"actor_subject": Subject.USER, "actor_guid": actor.guid}
    record(cast, 0, **by_person, event_type=EventType.SESSION_CREATED)
    for query, events in (
        (f"key={made.client_id}", ["credential.created"]),
        (f"person={actor.guid}", ["session.created"]),
        (f"bank={cast.south}", ["credential.created", "bank.created"]),
        (f"bank={cast.south}&type=bank", ["bank.created"]),
        ("type=credential.created", ["credential.created"]),
        ("type=credential", ["credential.created"]),
        ("since=2026-01-01&until=2026-01-01", ["session.created"]),
        ("until=2025-12-31", []),
        (f"key={made.client_id}&type=session", []),
    ):
        assert [row["event"] for row in table(alice, f"/activity.csv?{query}")] == events, query


def test_leads_through_all_pages_and_back(alice: TestClient, cast: Cast) -> None:
    for number in range(2 * PER_PAGE + 5):
        record(cast, number, bank_guid=cast.south, object_guid=f"{number:032}", event_type=EventType.CUSTOMER_UPDATED)
    path, back, pages = f"/activity?bank={cast.south}&type=customer&until=2026-01-01", "", list[list[str]]()
    while path:
        answer = alice.get(path)
        pages.append(re.findall(r"/customers/(\d{32})", answer.text))
        links = read(answer).links
        path, back = links.get("Older", ""), links.get("Newer", "")
    numbers = [int(guid) for page in pages for guid in page]
    assert numbers == list(reversed(range(2 * PER_PAGE + 5)))
    assert "bank=" in back
    assert "type=customer" in back
    for page in pages[-2::-1]:
        answer = alice.get(back)
        assert re.findall(r"/customers/(\d{32})", answer.text) == page
        back = read(answer).links.get("Newer", "")
    assert back == ""


def test_keeps_what_was_typed_and_says_what_is_wrong_with_it(alice: TestClient) -> None:
    answer = alice.get("/activity?key=ostid_x&since=yesterday&type=bank.created")
    assert error_at(answer, "since") == "Write the day as 2026-11-24"
    assert read(answer).fields | {"key": "ostid_x", "since": "yesterday", "type": "bank.created"} == read(answer).fields
    for day in ("yesterday", "9999-12-31", "2026-02-30"):
        assert alice.get(f"/activity?until={day}").status_code == 200
    assert alice.get("/activity.csv?since=yesterday").status_code == 400


def test_says_how_far_it_looked(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        record(cast, number, bank_guid=cast.south)
    monkeypatch.setattr("ostiary.events.queries.MOST_LOOKED_AT", 4)
    page = read(alice.get(f"/activity?bank={cast.north}&type=bank.updated&until=2026-01-01"))
    assert "There may be more further back" in page.text
    assert "1 January 2026, 00:05:00 UTC" in page.text
    assert page.links["Older"]


def test_writes_a_file_in_chunks(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        record(cast, number)
    monkeypatch.setattr(activity_csv, "CHUNK_ROWS", 3)
    assert len(table(alice, "/activity.csv?until=2026-01-01")) == 8
    monkeypatch.setattr(activity_csv, "MOST_ROWS", 4)
    rows = table(alice, "/activity.csv?until=2026-01-01")
    assert [row["time"] for row in rows] == [f"2026-01-01T00:0{minute}:00.000Z" for minute in (7, 6, 5, 4)]


def test_writes_a_file_as_rfc_4180_says(alice: TestClient, cast: Cast) -> None:
    record(cast, 1, facts={"name": ["Plain", 'A "quoted", long\r\nname'], "note": "ä"})
    answer = alice.get("/activity.csv?until=2026-01-01")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="activity-{clock.now():%Y-%m-%d}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    head, _, row = answer.content.decode("utf-8-sig").partition("\r\n")
    assert head == ",".join(f'"{name}"' for name in HEAD)
    assert 'A ""quoted"", long\r\nname' in row
    assert row.endswith('"\r\n')
    assert table(alice, "/activity.csv?until=2026-01-01")[0]["details"].endswith("note: ä")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}"])
def test_disarms_formulas_in_a_file(alice: TestClient, cast: Cast, first: str) -> None:
    payload = f"{first}HYPERLINK(1)"
    record(cast, 1, facts={"name": payload}, event_type=EventType.CREDENTIAL_CREATED)
    row = table(alice, "/activity.csv?until=2026-01-01")[0]
    assert row["on"] == f"'{payload}"


@pytest.mark.parametrize("separator", [";", "|", "\t", "\n"])
def test_disarms_formulas_where_cells_are_separated_otherwise(separator: str) -> None:
    assert defused(f"a{separator}=1+1") == f"a{separator}'=1+1"


@pytest.mark.parametrize("cell", ["", "a - b = c", "12", "name: =x", "two\r\nlines", "::1"])
def test_leaves_other_cells_as_they_are(cell: str) -> None:
    assert defused(cell) == cell


def test_writes_down_what_a_bank_became(alice: TestClient, cast: Cast) -> None:
    with cast.ostiary.store.writing() as db:
        banks.update(db, OPERATOR, cast.north, read_as(BankChanges, name="=Nord"))
    row = table(alice, "/activity.csv?type=bank.updated")[0]
    assert (row["on"], row["details"]) == ("'=Nord", "name: North became =Nord")


def test_is_open_to_every_member_and_nobody_else(bob: TestClient, cast: Cast) -> None:
    assert bob.get("/activity").status_code == 200
    stranger = cast.browser("nobody")
    for path in ("/activity", "/activity.csv"):
        answer = stranger.get(path)
        assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, "/sign-in")


def test_offers_every_kind_of_event_as_a_filter() -> None:
    assert set(KINDS) == {event_type.partition(".")[0] for event_type in EventType}
