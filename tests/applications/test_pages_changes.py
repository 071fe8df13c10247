"""Changing a key: said from real data, confirmed deliberately, and never over somebody else's change."""

import datetime as dt
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications import queries
from ostiary.applications.models import Application
from ostiary.banks import service as banks
from tests.applications.cast import Cast, both_at_once, form_at, generate, shown_in, token, words
from tests.applications.reading import error_at, read
from tests.durability.direct import OPERATOR


def of(guid: str, noun: str) -> str:
    return f"/developers/keys/{guid}/{noun}"


def test_renames_a_key_and_edits_its_addresses(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north, "Till", "10.0.0.1")
    form = form_at(alice, of(key.guid, "edit"))
    assert (form["name"], form["ip_allowlist"]) == ("Till", "10.0.0.1/32")
    answer = alice.post(of(key.guid, "edit"), data=form | {"name": "Shop", "ip_allowlist": "10.0.0.1/32\n10.0.0.2"})
    assert answer.headers["location"] == f"/developers/keys/{key.guid}?done=key-updated"
    changed = cast.find(key.guid)
    assert (changed.name, changed.ip_allowlist) == ("Shop", ["10.0.0.1/32", "10.0.0.2/32"])
    assert "The key was changed" in words(alice, answer.headers["location"])


def test_keeps_what_was_typed_when_an_edit_is_wrong(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    answer = alice.post(
        of(key.guid, "edit"), data=form_at(alice, of(key.guid, "edit"), name=" ", ip_allowlist="nowhere")
    )
    assert error_at(answer, "name") == "Must not be blank."
    assert error_at(answer, "ip_allowlist") == "&#39;nowhere&#39; is not an IP address or CIDR range."
    kept = read(answer, 400).fields
    assert (kept["name"], kept["ip_allowlist"]) == (" ", "nowhere")


def test_leaves_a_production_key_its_addresses(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.vault, "Till", "10.0.0.1")
    answer = alice.post(of(key.guid, "edit"), data=form_at(alice, of(key.guid, "edit"), ip_allowlist=""))
    assert error_at(answer, "ip_allowlist") == "A key of a production bank needs at least one address."
    assert cast.find(key.guid).ip_allowlist == ["10.0.0.1/32"]


def test_keeps_somebody_elses_name_when_only_the_addresses_were_edited(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    form = form_at(alice, of(key.guid, "edit"), ip_allowlist="10.0.0.1")
    cast.rename(key.guid, "Renamed")
    assert alice.post(of(key.guid, "edit"), data=form).status_code == 303
    assert (cast.find(key.guid).name, cast.find(key.guid).ip_allowlist) == ("Renamed", ["10.0.0.1/32"])


def test_asks_before_it_overwrites_somebody_elses_name(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    form = form_at(alice, of(key.guid, "edit"), name="Mine")
    cast.rename(key.guid, "Theirs")
    answer = alice.post(of(key.guid, "edit"), data=form)
    page = read(answer, 409)
    assert "Somebody else changed this key meanwhile" in page.text
    assert "Meanwhile somebody named it “Theirs”." in page.text
    assert page.fields["name"] == "Mine"
    assert cast.find(key.guid).name == "Theirs"
    assert alice.post(of(key.guid, "edit"), data=page.fields).status_code == 303
    assert cast.find(key.guid).name == "Mine"


def test_says_whom_a_pause_will_hit(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    cast.was_used(key.guid, dt.timedelta(minutes=2), "10.0.0.1", times=7)
    for noun in ("pause", "revocation"):
        text = words(alice, of(key.guid, noun))
        assert "It was used 2 minutes ago from 10.0.0.1 ; that caller will be refused at once" in text
        assert "7 tokens were made with it in the last 24 hours." in text


def test_says_that_nobody_will_notice(alice: TestClient, cast: Cast) -> None:
    assert "It has never been used" in words(alice, of(cast.key(cast.north).guid, "revocation"))


@pytest.mark.parametrize("noun", ["pause", "revocation"])
def test_says_that_it_is_the_last_key_that_works(alice: TestClient, cast: Cast, noun: str) -> None:
    last = cast.key(cast.north)
    cast.key(cast.south)
    cast.office.organization_key(cast.acme)
    for values in ({"paused_at": clock.now()}, {"revoked_at": clock.now()}, {"expires_at": clock.now()}):
        cast.set(cast.key(cast.north).guid, **values)
    assert "It is the last key that works for North." in words(alice, of(last.guid, noun))
    cast.key(cast.north)
    assert "the last key that works" not in words(alice, of(last.guid, noun))


def test_says_the_same_of_the_organizations_own_keys(alice: TestClient, cast: Cast) -> None:
    cast.key(cast.north)
    own = cast.find(cast.office.organization_key(cast.acme).client_id)
    assert "the last key that works for the organization as a whole" in words(alice, of(own.guid, "revocation"))


@pytest.mark.parametrize(("noun", "column"), [("pause", "paused_at"), ("revocation", "revoked_at")])
def test_does_nothing_until_the_box_is_ticked(alice: TestClient, cast: Cast, noun: str, column: str) -> None:
    key = cast.key(cast.north)
    assert read(alice.get(of(key.guid, noun))).has("input", type="checkbox", name="confirmed", required="")
    answer = alice.post(of(key.guid, noun), data={})
    assert answer.status_code == 422
    assert error_at(answer, "confirmed") == "Tick the box, so that nothing happens by accident."
    assert getattr(cast.find(key.guid), column) is None
    assert alice.post(of(key.guid, noun), data={"confirmed": "yes"}).status_code == 303
    assert getattr(cast.find(key.guid), column) is not None


def test_pauses_resumes_and_revokes_for_the_token_endpoint_too(alice: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(alice, f"/developers/keys/new?bank={cast.north}"))
    for noun, answers in (
        ("pause", {"error_description": "Credential paused"}),
        ("resumption", {"token_type": "Bearer"}),
        ("revocation", {"error_description": "Credential revoked"}),
    ):
        done = alice.post(of(pair.guid, noun), data={"confirmed": "yes"})
        assert done.status_code == 303
        assert answers.items() <= token(cast, pair).items()


@pytest.mark.parametrize(
    ("noun", "says"), [("pause", "it and its tokens are refused"), ("revocation", "every token it made are refused")]
)
def test_says_that_it_was_done(alice: TestClient, cast: Cast, noun: str, says: str) -> None:
    done = alice.post(of(cast.key(cast.north).guid, noun), data={"confirmed": "yes"}).headers["location"]
    assert says in words(alice, done)


def test_says_when_somebody_else_was_faster(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    cast.set(key.guid, revoked_at=clock.now())
    assert "There is nothing to revoke" in words(alice, of(key.guid, "revocation"))
    assert "There is nothing to pause" in words(alice, of(key.guid, "pause"))
    assert "A revoked key is not replaced" in words(alice, of(key.guid, "replacement"))
    done = alice.post(of(key.guid, "revocation"), data={"confirmed": "yes"}).headers["location"]
    assert "Somebody else had revoked the key already." in words(alice, done)
    pause = alice.post(of(key.guid, "pause"), data={"confirmed": "yes"})
    assert "There is nothing to pause" in read(pause, 409).text
    resumed = alice.post(of(key.guid, "resumption"), data={})
    assert "The key is revoked, which is final" in read(resumed, 409).text


def test_offers_only_what_can_still_be_done(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    assert {"Edit", "Pause", "Replace", "Revoke"} <= read(alice.get(f"/developers/keys/{key.guid}")).links.keys()
    cast.set(key.guid, paused_at=clock.now())
    paused = read(alice.get(f"/developers/keys/{key.guid}"))
    assert "Pause" not in paused.links
    assert paused.has("form", action=of(key.guid, "resumption"))
    cast.set(key.guid, revoked_at=clock.now())
    revoked = read(alice.get(f"/developers/keys/{key.guid}"))
    assert not {"Edit", "Pause", "Replace", "Revoke"} & revoked.links.keys()
    assert not revoked.has("form", method="post")


def test_replaces_a_key_with_one_of_the_same_settings(alice: TestClient, cast: Cast) -> None:
    old = cast.key(cast.vault, "Till", "10.0.0.1")
    text = words(alice, of(old.guid, "replacement"))
    for shown in ("Till", "Vault", "90 days from now on", "10.0.0.1/32", "Both keys work until you revoke the old one"):
        assert shown in text
    pair = shown_in(generate(alice, of(old.guid, "replacement")))
    made = cast.find(pair.guid)
    assert (made.name, made.bank_guid, made.ip_allowlist) == (old.name, old.bank_guid, old.ip_allowlist)
    assert made.replaces_guid == old.guid
    assert made.client_id != old.client_id
    assert cast.find(old.guid).revoked_at is None


def test_replaces_once_when_the_form_is_sent_twice(alice: TestClient, cast: Cast) -> None:
    old = cast.key(cast.north)
    sent = form_at(alice, of(old.guid, "replacement"))
    pair = shown_in(alice.post(of(old.guid, "replacement"), data=sent))
    again = alice.post(of(old.guid, "replacement"), data=sent)
    assert "The secret was already shown" in read(again, 409).text
    assert pair.secret not in again.text
    assert cast.keys() == 2


def test_says_that_a_key_is_being_replaced_already(alice: TestClient, cast: Cast) -> None:
    old = cast.key(cast.north)
    cast.replace(old.guid)
    assert "It is being replaced already" in words(alice, of(old.guid, "replacement"))


def test_replaces_no_production_key_that_lacks_addresses(alice: TestClient, cast: Cast) -> None:
    old = cast.key(cast.north)
    sent = form_at(alice, of(old.guid, "replacement"))
    with cast.ostiary.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    assert "Say first where it may be used from" in words(alice, of(old.guid, "replacement"))
    assert alice.post(of(old.guid, "replacement"), data=sent).status_code == 422
    assert cast.keys() == 1


def test_revokes_once_when_two_do_at_the_same_time(
    alice: TestClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = cast.key(cast.north)
    if not cast.ostiary.store.is_sqlite:
        # Both have read the key before either changes it; on SQLite the second cannot even begin.
        as_always, both_have_looked = queries.get_to_change, threading.Barrier(2)

        def get_to_change(*args: Any) -> Application:  # noqa: ANN401 - as the original
            both_have_looked.wait(10)
            return as_always(*args)

        monkeypatch.setattr(queries, "get_to_change", get_to_change)
    word = alice.cookies["ostiary"]
    answers = both_at_once(lambda: cast.browser(word).post(of(key.guid, "revocation"), data={"confirmed": "yes"}))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert words(alice, f"/developers/keys/{key.guid}").count("revoked the key") == 1
