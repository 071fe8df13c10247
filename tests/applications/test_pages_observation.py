"""The pages of an observation: it is begun deliberately, says what it found, and ends in a list or without one."""

import pytest
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import OTHERS, UNKNOWN, Application, ApplicationKind
from ostiary.applications.observation import service
from ostiary.applications.observation.queries import MOST_ADDRESSES
from tests.applications.cast import Cast, form_at, generate, shown_in, token, words
from tests.applications.reading import error_at, read
from tests.durability.direct import OPERATOR

pytestmark = pytest.mark.any_database

HERE, NEAR, THERE = "192.0.2.4", "192.0.2.5", "203.0.113.9"
LISTED = "192.0.2.4/31\n203.0.113.9/32"


def of(guid: str, noun: str) -> str:
    return f"/developers/keys/{guid}/{noun}"


def observed(cast: Cast, *addresses: str) -> Application:
    key = cast.key(cast.north)
    with cast.ostiary.store.writing() as db:
        service.observe(db, OPERATOR, ApplicationKind.BANK, key.guid)
    use(cast, key.guid, *addresses)
    return cast.find(key.guid)


def use(cast: Cast, guid: str, *addresses: str) -> None:
    for address in addresses:
        cast.ostiary.usage.saw(guid, address)
    cast.ostiary.usage.write(cast.ostiary.store)


def test_leads_from_an_open_key_to_its_list(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}"))
    page = f"/developers/keys/{pair.guid}"
    start = read(alice.get(page)).links["Observe addresses"]
    assert "Nobody is refused." in words(alice, start)
    begun = alice.post(start, data={"confirmed": "yes"}).headers["location"]
    assert "From now on each address that uses the key is written down" in words(alice, begun)
    assert "no use yet" in words(alice, page)
    assert token(cast, pair)["token_type"] == "Bearer"
    assert "1 address, 1 use" in words(alice, page)
    find = read(alice.get(page)).links["Find the list"]
    form = form_at(alice, find, next="switch-over")
    assert form["ip_allowlist"] == "203.0.113.7/32"
    confirm = alice.post(find, data=form).headers["location"]
    assert confirm == of(pair.guid, "switch-over")
    assert "Every address that was seen in the last 30 days is let in." in words(alice, confirm)
    done = alice.post(confirm, data=form_at(alice, confirm, confirmed="yes")).headers["location"]
    assert "The list binds from now on" in words(alice, done)
    assert cast.find(pair.guid).ip_allowlist == ["203.0.113.7/32"]
    history = words(alice, page)
    assert "Alice stopped observing the addresses of the key addresses: added 203.0.113.7/32" in history
    assert "Addresses, observed" not in history


def test_begins_and_ends_nothing_by_accident(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    assert error_at(alice.post(of(key.guid, "observation"), data={}), "confirmed")
    assert cast.find(key.guid).observed_since is None
    watched = observed(cast, HERE)
    for noun in ("observation/end", "switch-over"):
        refused = alice.post(of(watched.guid, noun), data=form_at(alice, of(watched.guid, noun)))
        assert (refused.status_code, bool(error_at(refused, "confirmed"))) == (422, True)
    assert cast.find(watched.guid).observed_since is not None
    assert cast.find(watched.guid).ip_allowlist == []


def test_says_where_there_is_nothing_to_observe(alice: TestClient, cast: Cast) -> None:
    listed, production = cast.key(cast.north, "Till", "10.0.0.1"), cast.key(cast.vault, "Till", "10.0.0.1")
    paused, watched = cast.key(cast.north), observed(cast)
    cast.set(paused.guid, paused_at=clock.now())
    for key in (listed, production, watched):
        assert "Observe addresses" not in read(alice.get(f"/developers/keys/{key.guid}")).links
        assert "There is nothing to observe" in words(alice, of(key.guid, "observation"))
    assert "Observe addresses" in read(alice.get(f"/developers/keys/{paused.guid}")).links
    refused = alice.post(of(production.guid, "observation"), data={"confirmed": "yes"})
    assert refused.status_code == 409
    for noun in ("addresses", "switch-over"):
        led = alice.get(of(listed.guid, noun)).headers["location"]
        assert "The key is not observed" in words(alice, led)


def test_proposes_the_smallest_list(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE, NEAR, NEAR, THERE)
    page = read(alice.get(of(key.guid, "addresses")))
    assert page.fields["ip_allowlist"] == LISTED
    for said in ("it lets every address in that was seen in the last 30 days, and no other", "Let in by this list"):
        assert said in page.text
    assert "Cut off by this list" not in page.text


def test_says_whom_an_edited_list_would_cut_off(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE, NEAR, NEAR, THERE)
    form = form_at(alice, of(key.guid, "addresses"), ip_allowlist="192.0.2.4, 198.51.100.0/24", next="compare")
    done = alice.post(of(key.guid, "addresses"), data=form).headers["location"]
    assert done == of(key.guid, "addresses?done=list-compared")
    page = read(alice.get(done))
    assert page.fields["ip_allowlist"] == "192.0.2.4/32\n198.51.100.0/24"
    for said in ("2 addresses, 3 of 4 uses.", "The smallest that fits has 2 entries", "It does not bind yet"):
        assert said in page.text
    assert "2 entries, which would cut off 2 of them" in words(alice, f"/developers/keys/{key.guid}")
    confirm = words(alice, of(key.guid, "switch-over"))
    assert "2 addresses that have used it in the last 30 days will be refused" in confirm
    assert f"{NEAR} , 2 uses, last" in confirm
    assert cast.find(key.guid).ip_allowlist == []
    # Emptied, the field follows what is seen again.
    alice.post(of(key.guid, "addresses"), data=form | {"ip_allowlist": ""})
    assert form_at(alice, of(key.guid, "addresses"))["ip_allowlist"] == LISTED


def test_keeps_what_was_typed_when_a_list_is_wrong(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE)
    answer = alice.post(of(key.guid, "addresses"), data={"ip_allowlist": "nowhere", "next": "compare"})
    assert error_at(answer, "ip_allowlist") == "&#39;nowhere&#39; is not an IP address or CIDR range."
    assert read(answer, 400).fields["ip_allowlist"] == "nowhere"


def test_asks_again_when_the_key_was_used_from_elsewhere_meanwhile(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE)
    alice.post(of(key.guid, "addresses"), data={"ip_allowlist": HERE})
    form = form_at(alice, of(key.guid, "switch-over"), confirmed="yes")
    use(cast, key.guid, THERE)
    again = read(alice.post(of(key.guid, "switch-over"), data=form), 409)
    assert "The key was used from elsewhere meanwhile" in again.text
    assert f"{THERE} , 1 use, last" in again.text
    assert cast.find(key.guid).ip_allowlist == []
    alice.post(of(key.guid, "switch-over"), data=again.fields | {"confirmed": "yes"})
    assert cast.find(key.guid).ip_allowlist == [f"{HERE}/32"]


def test_says_when_somebody_else_was_faster(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE)
    form = form_at(alice, of(key.guid, "switch-over"), confirmed="yes")
    cast.office.allow(key.client_id, THERE)
    for noun in ("switch-over", "addresses"):
        led = alice.post(of(key.guid, noun), data=form).headers["location"]
        assert "somebody has stopped it, or given the key a list" in words(alice, led)
    assert cast.find(key.guid).ip_allowlist == [f"{THERE}/32"]


def test_says_on_the_form_of_the_key_what_a_list_ends(alice: TestClient, cast: Cast) -> None:
    assert "The key is observed" in words(alice, of(observed(cast).guid, "edit"))
    assert "The key is observed" not in words(alice, of(cast.key(cast.north).guid, "edit"))


def test_stops_without_a_list(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE, THERE)
    assert "What is known of 2 addresses is forgotten" in words(alice, of(key.guid, "observation/end"))
    done = alice.post(of(key.guid, "observation/end"), data={"confirmed": "yes"}).headers["location"]
    assert "what was seen is forgotten" in words(alice, done)
    assert cast.find(key.guid).observed_since is None
    assert "There is nothing to stop" in words(alice, of(key.guid, "observation/end"))


def test_says_what_it_cannot_know(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE, UNKNOWN, OTHERS, OTHERS)
    text = words(alice, of(key.guid, "addresses"))
    for said in (
        f"The key is used from more than {MOST_ADDRESSES:,} addresses",
        "2 uses came from others",
        "It was used from an unknown address",
        "1 address, 1 of 4 uses.",
    ):
        assert said in text
    assert "2 uses came from more addresses than are kept" in words(alice, of(key.guid, "switch-over"))
    assert "more than 2 addresses, 4 uses" in words(alice, f"/developers/keys/{key.guid}")


def test_proposes_nothing_where_nothing_fits(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, *(f"{first}.0.0.1" for first in range(1, 224, 2)))
    page = read(alice.get(of(key.guid, "addresses")))
    assert "No list of 100 entries fits everybody who was seen." in page.text
    assert (page.fields["ip_allowlist"], "Seen so far" in page.text) == ("", True)
    assert "There is no list yet" in words(alice, of(key.guid, "switch-over"))


def test_says_when_strangers_are_let_in_too(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, *(f"192.0.{2 * number}.1" for number in range(101)))
    page = read(alice.get(of(key.guid, "addresses")))
    assert "near ones stand together, and some are let in that were not seen" in page.text
    assert "101 addresses: these were seen last." in page.text
    assert len(page.fields["ip_allowlist"].splitlines()) == 100


def test_waits_for_the_first_use(alice: TestClient, cast: Cast) -> None:
    key = observed(cast)
    assert "No use yet" in words(alice, of(key.guid, "addresses"))
    assert "Nobody has used the key so far" in words(alice, of(key.guid, "switch-over"))
    alice.post(of(key.guid, "addresses"), data={"ip_allowlist": HERE})
    assert "nobody can say whom this cuts off" in words(alice, of(key.guid, "switch-over"))


def test_shows_a_viewer_the_progress_and_nothing_to_press(bob: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE)
    page = read(bob.get(f"/developers/keys/{key.guid}"))
    assert "1 address, 1 use" in page.text
    assert not {"Find the list", "Observe addresses"} & page.links.keys()
    for noun in ("observation", "observation/end", "addresses", "switch-over"):
        assert bob.get(of(key.guid, noun)).status_code == 403
        assert bob.post(of(key.guid, noun), data={"confirmed": "yes", "ip_allowlist": HERE}).status_code == 403
    assert cast.find(key.guid).observed_since == key.observed_since


def test_keeps_the_selected_bank(alice: TestClient, cast: Cast) -> None:
    key = observed(cast, HERE)
    bank = f"?bank={cast.north}"
    page = read(alice.get(of(key.guid, f"addresses{bank}")))
    assert page.links["Stop observing"] == of(key.guid, f"observation/end{bank}")
    assert page.has("form", action=of(key.guid, f"addresses{bank}"))
    sent = alice.post(of(key.guid, f"addresses{bank}"), data={"ip_allowlist": HERE, "next": "switch-over"})
    assert sent.headers["location"] == of(key.guid, f"switch-over{bank}")
