"""Overview: what needs somebody, how much goes on, what happened, and what to do first."""

import datetime as dt

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.applications.models import EVERYWHERE, OrganizationUsage
from ostiary.customers.models import Customer
from ostiary.dashboard import queries
from ostiary.dashboard.overview import MOST_KEYS, use
from ostiary.dashboard.queries import Counted
from ostiary.users.models import Role
from tests.applications.cast import Cast, words
from tests.applications.reading import read

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 11, 24, 12, 30, tzinfo=dt.UTC)


def count(cast: Cast, outcome: str, times: int, ago: dt.timedelta = HOUR, bank_guid: str = "", owner: str = "") -> None:
    """What the roll-up writes: a sum for the bank and one for everything."""
    hour = (clock.now() - ago).replace(minute=0, second=0, microsecond=0)
    with cast.ostiary.store.writing() as db:
        for place in (bank_guid or cast.north, EVERYWHERE):
            ids = {"organization_guid": owner or cast.acme, "bank_guid": place, "hour": hour, "outcome": outcome}
            db.execute(sa.insert(OrganizationUsage).values(**ids, count=times))


def test_names_the_keys_that_expire_next(alice: TestClient, cast: Cast) -> None:
    for name, days in (("Tomorrow", 1), ("Later", 29), ("Next month", 32), ("Revoked", 2)):
        made = cast.key(cast.north, name)
        cast.set(made.guid, expires_at=clock.now() + dt.timedelta(days=days, minutes=90))
        if name == "Revoked":
            cast.set(made.guid, revoked_at=clock.now())
    page = read(alice.get("/overview"))
    keys = [text for text, link in page.links.items() if link.startswith("/developers/keys/")]
    assert [name for name in keys if name in {"Tomorrow", "Later", "Next month", "Revoked"}][:2] == [
        "Tomorrow",
        "Later",
    ]
    assert "Tomorrow Expires soon Never used. in 25 hours" in page.text
    assert "Next month Expires soon" not in page.text
    assert "Revoked Expires soon" not in page.text


def test_names_expired_keys_that_somebody_still_tries(alice: TestClient, cast: Cast) -> None:
    for name, times, ago in (("Stubborn", 7, HOUR), ("Quiet", 0, HOUR), ("Given up", 3, dt.timedelta(days=9))):
        made = cast.key(cast.north, name)
        cast.set(made.guid, expires_at=clock.now() - dt.timedelta(days=10))
        if times:
            cast.count(made.guid, "expired", times, ago)
    shown = words(alice, "/overview")
    assert "Stubborn Expired Tried 7 times in 7 days" in shown
    assert "Quiet Expired" not in shown
    assert "Given up Expired" not in shown


def test_says_when_more_keys_expire_than_it_shows(alice: TestClient, cast: Cast) -> None:
    for number in range(MOST_KEYS + 1):
        cast.set(cast.key(cast.north, f"Till {number}").guid, expires_at=clock.now() + dt.timedelta(days=5))
    assert "More keys than these expire within 30 days" in words(alice, "/overview")


def test_counts_tokens_and_refusals(alice: TestClient, cast: Cast) -> None:
    count(cast, "token_issued", 1200)
    count(cast, "token_issued", 30, dt.timedelta(days=2))
    count(cast, "token_issued", 999, dt.timedelta(days=33))
    count(cast, "address_not_allowed", 4)
    count(cast, "invalid_client", 6, dt.timedelta(days=20))
    count(cast, "token_issued", 77, bank_guid=cast.east, owner=cast.globex)
    shown = words(alice, "/overview")
    assert "Tokens issued 1,200 in the last 24 hours" in shown
    assert "Tokens issued 1,230 in the last 30 days" in shown
    assert "Refused 4 in the last 24 hours" in shown
    assert "The client secret was wrong 0 6 The address is not on the key's list 4 4" in shown


def test_shows_only_the_selected_bank(alice: TestClient, cast: Cast) -> None:
    cast.set(cast.key(cast.north, "Northern").guid, expires_at=clock.now() + dt.timedelta(days=5))
    cast.set(cast.key(cast.south, "Southern").guid, expires_at=clock.now() + dt.timedelta(days=5))
    count(cast, "token_issued", 12)
    with cast.ostiary.store.writing() as db:
        db.add(Customer(bank_guid=cast.north, organization_guid=cast.acme, type="individual"))
    north, south = (words(alice, f"/overview?bank={guid}") for guid in (cast.north, cast.south))
    assert "Northern" in north
    assert "Southern" not in north
    assert "Northern" not in south
    assert ("Tokens issued 12 in" in north, "Tokens issued 12 in" in south) == (True, False)
    assert ("Customers 1" in north, "Customers 0" in south) == (True, True)


def test_shows_nothing_of_another_organizations_bank(alice: TestClient, cast: Cast) -> None:
    cast.set(cast.key(cast.east, "Eastern").guid, expires_at=clock.now() + dt.timedelta(days=5))
    count(cast, "token_issued", 77, bank_guid=cast.east, owner=cast.globex)
    with cast.ostiary.store.writing() as db:
        db.add(Customer(bank_guid=cast.east, organization_guid=cast.globex, type="individual"))
    for path in ("/overview", f"/overview?bank={cast.east}"):
        shown = words(alice, path)
        assert "Eastern" not in shown
        assert "77" not in shown
        assert "Customers 0" in shown


def test_tells_what_happened_last(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north, "Till")
    assert "What happened All activity The operator generated the key Till in North" in words(alice, "/overview")


def test_leads_through_the_first_steps(cast: Cast) -> None:
    founder = cast.person("Grace", Role.OWNER, cast.globex)
    viewer = cast.person("Heidi", Role.VIEWER, cast.globex)
    shown = words(founder, "/overview")
    assert "Create a bank (done) Generate a key pair A client id" in shown
    assert "Your role does not include this" not in shown
    assert "Your role does not include this: ask an owner or administrator." in words(viewer, "/overview")
    made = cast.key(cast.east)
    assert "Generate a key pair (done) Get the first token Send" in words(founder, "/overview")
    cast.was_used(made.guid)
    assert "Get the first token (done) Create a customer POST" in words(founder, "/overview")
    with cast.ostiary.store.writing() as db:
        db.add(Customer(bank_guid=cast.east, organization_guid=cast.globex, type="individual"))
    assert "First steps" not in words(founder, "/overview")


def test_says_what_there_is_not(alice: TestClient) -> None:
    shown = words(alice, "/overview")
    assert "No key expires within 30 days, and nobody tries one that has expired." in shown
    assert "Nothing was refused in the last 30 days." in shown


def test_counts_customers_only_so_far(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    for expected in ("Customers 1", "Customers 2", "Customers more than 2", "Customers more than 2"):
        with cast.ostiary.store.writing() as db:
            db.add(Customer(bank_guid=cast.north, organization_guid=cast.acme, type="individual"))
        assert expected in words(alice, "/overview")


def test_sums_each_day_in_utc(cast: Cast) -> None:
    now = clock.now()
    hour = now.replace(hour=12, minute=0, second=0, microsecond=0)
    for day in (2, 9):
        midnight = now - hour.replace(hour=0) + day * DAY
        for ago, times in ((midnight, 1), (midnight - HOUR, 2), (midnight - 23 * HOUR, 4), (midnight + HOUR, 8)):
            count(cast, "token_issued", times, ago)
    actor = Actor(subject=Subject.USER, guid=cast.north, organization_guid=cast.acme)
    with cast.ostiary.store.reading() as db:
        found = queries.usage_by_day(db, actor, "", now - 30 * DAY, now - DAY)
    days = [(now - back * DAY).replace(hour=0, minute=0, second=0, microsecond=0) for back in (10, 9, 3, 2)]
    expected = [(days[0] + 23 * HOUR, 8), (days[1], 7), (days[2] + 23 * HOUR, 8), (days[3], 7)]
    assert found == [Counted(each, "token_issued", times) for each, times in expected]


def test_sums_use_by_day_and_by_the_last_24_hours() -> None:
    counted = [
        Counted(NOON.replace(day=23, hour=12, minute=0), "token_issued", 1),
        Counted(NOON.replace(day=23, hour=13, minute=0), "token_issued", 2),
        Counted(NOON.replace(hour=12, minute=0), "token_issued", 4),
        Counted(NOON.replace(hour=12, minute=0), "paused", 8),
        Counted(NOON.replace(day=22, hour=12, minute=0), "expired", 16),
    ]
    found = use(counted, NOON)
    assert (found.tokens_today, found.tokens.total, found.refused_today) == (6, 7, 8)
    assert [bar.count for bar in found.tokens.bars[-3:]] == [0, 3, 4]
    assert [(each.today, each.count) for each in found.refusals] == [(0, 16), (8, 8)]
