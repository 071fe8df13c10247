"""The Developers tab: every key with what a person must know of it, found again among many."""

import datetime as dt

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications import inspection
from ostiary.applications.models import Application
from ostiary.users.models import Membership, Role
from tests.applications.cast import Cast, generate, shown_in, words
from tests.applications.reading import read

NEW = "/developers/keys/new"


def test_shows_the_guids_programs_ask_for(alice: TestClient, cast: Cast) -> None:
    everywhere = alice.get("/developers")
    assert f'<code id="copy-organization-guid">{cast.acme}</code>' in everywhere.text
    assert "Bank guid" not in everywhere.text
    assert f'<code id="copy-bank-guid">{cast.north}</code>' in alice.get(f"/developers?bank={cast.north}").text


def test_tells_of_a_key_what_a_person_must_know(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"{NEW}?bank={cast.north}", name="Settlement"))
    cast.was_used(pair.guid, dt.timedelta(minutes=2), "10.0.0.1")
    page = read(alice.get("/developers"))
    made = cast.find(pair.guid)
    for shown in (
        "Settlement",
        pair.client_id,
        "Bank key",
        "North",
        "by Alice",
        "2 minutes ago",
        "from 10.0.0.1",
        "Active",
    ):
        assert shown in page.text
    assert f"{made.created_at:%-d %b %Y}" in page.text
    assert f"{made.expires_at:%-d %b %Y}" in page.text
    assert page.links["Settlement"] == f"/developers/keys/{pair.guid}"
    assert page.has("code", id=f"client-id-{pair.guid}")
    assert page.has("button", **{"data-copies": f"client-id-{pair.guid}"})


def test_names_who_made_a_key_also_when_nobody_is_there(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north)
    assert "by Operator" in words(alice, "/developers")
    dana = cast.person("Dana", Role.DEVELOPER)
    generate(dana, f"{NEW}?bank={cast.south}")
    assert "by Dana" in words(alice, "/developers")
    with cast.ostiary.store.writing() as db:
        db.execute(sa.delete(Membership).where(Membership.email == "dana@example.com"))
    assert "by Somebody who is gone" in words(alice, "/developers")


@pytest.fixture
def one_of_each(cast: Cast) -> None:
    now = clock.now()
    for name, values in {
        "Works": {},
        "Ends": {"expires_at": now + dt.timedelta(days=13)},
        "Ended": {"expires_at": now - dt.timedelta(days=1), "paused_at": now},
        "Rests": {"paused_at": now},
        "Gone": {"revoked_at": now, "paused_at": now},
    }.items():
        cast.set(cast.key(cast.north, name).guid, **values)


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("active", {"Works", "Ends"}),
        ("expires_soon", {"Ends"}),
        ("expired", {"Ended"}),
        ("paused", {"Rests"}),
        ("revoked", {"Gone"}),
        ("", {"Works", "Ends", "Ended", "Rests", "Gone"}),
        ("nonsense", {"Works", "Ends", "Ended", "Rests", "Gone"}),
    ],
)
def test_finds_keys_by_their_status(alice: TestClient, status: str, names: set[str]) -> None:
    page = read(alice.get(f"/developers?status={status}"))
    assert {name for name, href in page.links.items() if href.startswith("/developers/keys/")} - {
        "Generate New Key"
    } == names


@pytest.mark.usefixtures("one_of_each")
def test_says_the_status_in_words(alice: TestClient) -> None:
    page = alice.get("/developers").text
    for name, status in {
        "Works": "Active",
        "Ends": "Expires soon",
        "Ended": "Expired",
        "Rests": "Paused",
        "Gone": "Revoked",
    }.items():
        row = page[page.index(f">{name}</a>") :].split("</tr>")[0]
        assert f"</svg>{status}</span>" in row


def test_counts_a_key_as_expiring_soon_from_fourteen_days_on(alice: TestClient, cast: Cast) -> None:
    guid = cast.key(cast.north).guid
    cast.set(guid, expires_at=clock.now() + dt.timedelta(days=14, minutes=1))
    assert "No key matches" in words(alice, "/developers?status=expires_soon")
    cast.set(guid, expires_at=clock.now() + dt.timedelta(days=14))
    assert "Till" in words(alice, "/developers?status=expires_soon")


def test_finds_keys_by_kind(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north, "Till")
    cast.office.organization_key(cast.acme)
    assert "Till" not in words(alice, "/developers?kind=organization")
    assert "Made for the test" not in words(alice, "/developers?kind=bank")


@pytest.mark.parametrize("part", ["night", "NIGHT", "  Night ", "100%", "under_score"])
def test_finds_keys_by_a_part_of_the_name(alice: TestClient, cast: Cast, part: str) -> None:
    cast.key(cast.north, "Nightly 100% under_score")
    cast.key(cast.north, "Other 1000 under-score")
    page = read(alice.get("/developers", params={"search": part}))
    assert "Nightly" in page.text
    assert "Other" not in page.text
    assert page.fields["search"] == part.strip()


def test_finds_a_key_by_its_client_id(alice: TestClient, cast: Cast) -> None:
    wanted, other = cast.key(cast.north, "Wanted"), cast.key(cast.north, "Other")
    assert other.name not in words(alice, f"/developers?search={wanted.client_id}")
    assert wanted.name in words(alice, f"/developers?search={wanted.client_id[6:20]}")


def test_shows_the_keys_of_the_selected_bank_only(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north, "Northern")
    cast.key(cast.south, "Southern")
    page = words(alice, f"/developers?bank={cast.north}")
    assert "Northern" in page
    assert "Southern" not in page


def test_pages_through_keys_without_repeating_or_losing_one(
    alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "PER_PAGE", 3)
    moment = clock.now()
    guids = [cast.key(cast.north, f"Key {number}").guid for number in range(7)]
    for guid in guids[:5]:
        # Made in the same millisecond: the guid decides.
        cast.set(guid, created_at=moment)
    path, seen = "/developers?search=Key&status=active", []
    while path:
        page = read(alice.get(path))
        seen += [href.rpartition("/")[2] for name, href in page.links.items() if name.startswith("Key ")]
        path = page.links.get("Older", "")
        assert not path or "search=Key" in path
    assert sorted(seen) == sorted(guids)
    assert seen == sorted(guids, key=lambda guid: (cast.find(guid).created_at, guid), reverse=True)


def test_leads_from_a_later_page_back_to_the_newest(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north)
    newest = cast.key(cast.north, "Newest")
    page = read(alice.get(f"/developers?before={newest.guid}&status=active"))
    assert "Newest" not in page.text
    assert page.links["Newer"] == "/developers?status=active"


def test_begins_a_page_at_its_key_and_counts_nothing(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    asked: list[str] = []
    sa.event.listen(cast.ostiary.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    alice.get(f"/developers?before={key.guid}")
    of_keys = [one for one in asked if "FROM applications" in one]
    assert any("(applications.created_at, applications.guid) <" in one for one in of_keys)
    assert not any("count(" in one for one in of_keys)


def test_says_what_to_do_when_there_is_nothing(alice: TestClient, bob: TestClient, cast: Cast) -> None:
    assert "There is no key yet" in words(alice, "/developers")
    assert "North has no key yet" in words(alice, f"/developers?bank={cast.north}")
    nothing = read(alice.get("/developers?search=nobody"))
    assert "No key matches" in nothing.text
    assert nothing.links["Show all keys"] == "/developers"
    assert "Keys are generated by owners" in words(bob, "/developers")


def test_shows_no_key_of_another_organization(mallory: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north, "Acme's own")
    for path in ("/developers", f"/developers?bank={cast.north}", f"/developers?search={key.client_id}"):
        assert "own" not in read(mallory.get(path)).links
        assert key.client_id not in read(mallory.get(path)).text


def test_writes_names_as_text(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north, "<script>alert(1)</script>")
    assert "<script>alert" not in alice.get("/developers").text


def test_has_a_row_for_every_key(alice: TestClient, cast: Cast) -> None:
    for number in range(inspection.PER_PAGE + 1):
        cast.key(cast.north, f"Key {number}")
    with cast.ostiary.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Application)) == inspection.PER_PAGE + 1
    page = read(alice.get("/developers"))
    assert sum(name.startswith("Key ") for name in page.links) == inspection.PER_PAGE
    assert "Older" in page.links
