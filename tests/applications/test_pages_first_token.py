"""The wait for a new key's first token: it says when one came and from where, or why none was given."""

import datetime as dt

from starlette.testclient import TestClient

from tests.applications.cast import Cast, generate, shown_in, token
from tests.applications.reading import Reading, read

PART = {"HX-Request": "true"}


def waiting(browser: TestClient, guid: str) -> Reading:
    return read(browser.get(f"/developers/keys/{guid}/first-token", headers=PART))


def test_waits_until_a_token_was_made(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}"))
    before = waiting(alice, pair.guid)
    assert "Waiting for the first token" in before.text
    assert before.has("div", **{"hx-get": f"/developers/keys/{pair.guid}/first-token"})
    token(cast, pair)
    after = waiting(alice, pair.guid)
    assert "First token received" in after.text
    assert "from 203.0.113.7." in after.text
    assert not any("hx-get" in found for _, found in after.elements)


def test_says_how_long_ago_it_was_and_how_many_came(alice: TestClient, cast: Cast) -> None:
    guid = cast.key(cast.north).guid
    cast.was_used(guid, dt.timedelta(seconds=2), "203.0.113.7", times=3)
    assert "First token received 2 seconds ago from 203.0.113.7. That was the latest of 3." in waiting(alice, guid).text


def test_says_meanwhile_why_none_was_given(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}", ip_allowlist="198.51.100.1"))
    token(cast, pair)
    found = waiting(alice, pair.guid)
    assert "Waiting for the first token" in found.text
    assert "1 refused: The address is not on the key's list." in found.text


def test_is_a_page_of_its_own_without_script(alice: TestClient, cast: Cast) -> None:
    guid = cast.key(cast.north).guid
    whole = alice.get(f"/developers/keys/{guid}/first-token").text
    assert "<h1>First token of Till</h1>" in whole
    assert "<h1>" not in alice.get(f"/developers/keys/{guid}/first-token", headers=PART).text


def test_does_not_keep_a_session_alive(alice: TestClient, cast: Cast) -> None:
    guid = cast.key(cast.north).guid
    before = cast.last_seen(alice)
    waiting(alice, guid)
    assert cast.last_seen(alice) == before
    alice.get("/developers")
    assert cast.last_seen(alice) > before
