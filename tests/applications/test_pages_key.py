"""A key's own page: how it stands and what that means, how it was used, what was done to it."""

import datetime as dt

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications import outcomes
from ostiary.banks import service as banks
from ostiary.banks.models import Bank
from tests.applications.cast import Cast, generate, shown_in, token, words
from tests.applications.reading import read
from tests.durability.direct import OPERATOR


def page_of(guid: str) -> str:
    return f"/developers/keys/{guid}"


def test_shows_how_a_key_is_set(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north, "Till", "203.0.113.7")
    page = read(alice.get(page_of(key.guid)))
    for shown in (
        key.client_id,
        "Bank key of North",
        "203.0.113.7/32",
        "by Operator",
        f"{key.expires_at:%-d %B %Y}",
        "Never",
    ):
        assert shown in page.text
    assert page.links["North"] == f"/banks/{cast.north}"
    assert "Every address may use it" in words(alice, page_of(cast.key(cast.north).guid))


def test_says_what_its_state_means(alice: TestClient, cast: Cast) -> None:
    key, now = cast.key(cast.north), clock.now()
    for values, meaning in (
        (
            {"expires_at": now + dt.timedelta(days=13, minutes=1)},
            "It stops in 13 days . Replace it while both keys work",
        ),
        ({"paused_at": now - dt.timedelta(hours=3)}, "Since 3 hours ago this key and its tokens are refused"),
        ({"expires_at": now - dt.timedelta(days=2)}, "It stopped 2 days ago , and cannot be prolonged."),
        ({"revoked_at": now}, "this key and every token it made are refused"),
    ):
        cast.set(key.guid, **values)
        assert meaning in words(alice, page_of(key.guid))


def test_says_that_the_bank_refuses_all_its_keys(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    with cast.ostiary.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.north).values(closed_at=clock.now()))
    assert "as long as it is, all its keys are refused" in words(alice, page_of(key.guid))


def test_says_that_a_promoted_bank_needs_addresses(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    with cast.ostiary.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    assert "this one lists none" in words(alice, page_of(key.guid))


def test_draws_tokens_by_hour_and_by_day(alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    key = cast.key(cast.north)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    # No hour ends while this test runs.
    monkeypatch.setattr(clock, "now", lambda: hour + dt.timedelta(minutes=30))
    cast.was_used(key.guid, times=3)
    cast.count(key.guid, "token_issued", 40, dt.timedelta(hours=2))
    cast.count(key.guid, "token_issued", 500, dt.timedelta(days=3))
    cast.count(key.guid, "token_issued", 9999, dt.timedelta(days=31))
    page = read(alice.get(page_of(key.guid)))
    assert page.has("svg", role="img", **{"aria-labelledby": "per-hour-title per-hour-desc"})
    assert (
        f"43 in the last 48 hours, times in UTC; the most, 40, on {hour - dt.timedelta(hours=2):%-d %b, %H:%M}."
        in page.text
    )
    assert f"543 in the last 30 days, in UTC; the most, 500, on {hour - dt.timedelta(days=3):%-d %b}." in page.text
    assert "9999" not in page.text
    assert sum(tag == "th" and found.get("scope") == "row" for tag, found in page.elements) == 48 + 30
    # The same as a table, for whoever sees no bars.
    assert f"{hour:%-d %b, %H:%M} 3 {hour - dt.timedelta(hours=1):%-d %b, %H:%M} 0" in page.text
    assert (
        len([1 for tag, found in page.elements if tag == "rect"])
        == 2 + len({hour.date(), (hour - dt.timedelta(hours=2)).date()}) + 1
    )


def test_draws_without_styles_in_the_page(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    cast.was_used(key.guid)
    page = alice.get(page_of(key.guid)).text
    assert "<svg" in page
    assert "style=" not in page
    assert "<style" not in page


def test_says_that_nothing_was_drawn_yet(alice: TestClient, cast: Cast) -> None:
    assert "No token yet" in words(alice, page_of(cast.key(cast.north).guid))


def test_tells_refusals_by_reason_the_most_frequent_first(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    cast.count(key.guid, "paused", 2)
    cast.count(key.guid, "address_not_allowed", 5)
    cast.count(key.guid, "address_not_allowed", 6, dt.timedelta(days=2))
    cast.count(key.guid, "revoked", 99, dt.timedelta(days=31))
    text = words(alice, page_of(key.guid))
    assert "The address is not on the key's list 11 The key was paused 2" in text
    assert outcomes.in_words("revoked") not in text


def test_learns_refusals_from_the_token_endpoint(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}"))
    token(cast, pair, scope="organizations:write")
    other = shown_in(generate(alice, f"/developers/keys/new?bank={cast.south}"))
    wrong = type(pair)(pair.guid, pair.client_id, other.secret)
    token(cast, wrong)
    text = words(alice, page_of(pair.guid))
    assert "A scope was asked for that this kind of key cannot have 1" in text
    assert "The client secret was wrong 1" in text
    assert "None. Every request with it was let in" in words(alice, page_of(other.guid))


def test_tells_what_was_done_to_the_key_and_by_whom(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}", name="Till"))
    cast.rename(pair.guid, "Till 2")
    text = words(alice, page_of(pair.guid))
    assert "Operator changed the key" in text
    assert "Till 2" in text[text.index("Operator changed") :]
    assert "the server itself" in text
    assert "Alice generated the key" in text
    assert text.index("Operator changed") < text.index("Alice generated")


def test_leads_to_everything_the_key_did(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    assert read(alice.get(page_of(key.guid))).links["All in Activity"] == f"/activity?key={key.guid}"


@pytest.mark.parametrize(
    ("old_used", "new_used", "says"),
    [
        (dt.timedelta(hours=2), None, "It has not been used yet."),
        (dt.timedelta(hours=25), None, "Nobody has needed this key for a day. Revoke the old one"),
        (None, None, "Nobody has needed this key for a day. Revoke the old one"),
        (dt.timedelta(hours=2), dt.timedelta(minutes=5), "The new key is in use. Revoke the old one"),
    ],
)
def test_proposes_to_revoke_a_replaced_key_when_it_is_time(
    alice: TestClient, cast: Cast, old_used: dt.timedelta | None, new_used: dt.timedelta | None, says: str
) -> None:
    old = cast.key(cast.north, "Old")
    new = cast.replace(old.guid)
    cast.rename(new.guid, "New")
    for guid, ago in ((old.guid, old_used), (new.guid, new_used)):
        if ago is not None:
            cast.was_used(guid, ago)
    page = read(alice.get(page_of(old.guid)))
    assert says in page.text
    assert page.links["New"] == page_of(new.guid)
    is_time = "Revoke the old one" in says
    assert page.links.get("Revoke the old key") == (f"{page_of(old.guid)}/revocation" if is_time else None)
    assert "Takes over from Old" in words(alice, page_of(new.guid))
    assert "Being replaced" in words(alice, "/developers")


def test_forgets_a_successor_that_was_revoked(alice: TestClient, cast: Cast) -> None:
    old = cast.key(cast.north)
    cast.set(cast.replace(old.guid).guid, revoked_at=clock.now())
    assert "Being replaced" not in words(alice, page_of(old.guid))
    assert "Being replaced" not in words(alice, "/developers")


def test_offers_an_expired_key_no_pause(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    for values in ({}, {"paused_at": clock.now()}):
        cast.set(key.guid, expires_at=clock.now() - dt.timedelta(days=2), **values)
        page = read(alice.get(page_of(key.guid)))
        assert {"Edit", "Replace", "Revoke"} <= page.links.keys()
        assert "Pause" not in page.links
        assert not page.has("form", action=f"{page_of(key.guid)}/resumption")
    assert "It expired 2 days ago : it is refused already." in words(alice, f"{page_of(key.guid)}/pause")
