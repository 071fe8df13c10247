"""Nothing happens because another site asked: every form, sent from where it should not be (W-01, W-08)."""

from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from ostiary.access.actor import Actor
from ostiary.web import origin
from tests.pages import test_four_questions as questions
from tests.pages.guarded import faults
from tests.pages.rows import ROWS
from tests.pages.things import World

pytestmark = pytest.mark.any_database

OWN = "http://127.0.0.1:8400"
FOREIGN = "https://evil.example"
SENDERS = {
    "no word of where it comes from": {},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another site with our origin": {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
    "a bookmark": {"Sec-Fetch-Site": "none"},
    "a foreign origin": {"Origin": FOREIGN},
    "a hidden origin": {"Origin": "null"},
    "an origin that begins like ours": {"Origin": f"{OWN}.evil.example"},
    "our origin on another port": {"Origin": "http://127.0.0.1:8401"},
}
POSTS = [row for row in ROWS if row.method == "POST"]


def sent_as(browser: TestClient, headers: Mapping[str, str]) -> TestClient:
    browser.headers.pop("Sec-Fetch-Site")
    browser.headers.update(headers)
    return browser


@pytest.mark.parametrize("sender", SENDERS)
def test_does_nothing_for(world: World, sender: str) -> None:
    browser = sent_as(world.signed_in("Alice"), SENDERS[sender])
    things = [world.own(row.about, world["Alice"]) for row in POSTS if row.about != "set-up link"]
    before = world.contents()
    for row, thing in zip(POSTS, [*things, *["x" * 43] * len(POSTS)], strict=False):
        answer = world.ask(browser, row, thing)
        assert answer.status_code == 403, questions.told(row, answer)
        assert "set-cookie" not in answer.headers, str(row)
        assert faults(answer, is_https=False) == [], str(row)
    assert world.contents() == before, f"something was done for {sender}"


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_reads_nothing_but_forms(world: World, kind: str) -> None:
    browser = world.signed_in("Alice")
    for row in POSTS:
        if row.about == "set-up link":
            continue
        thing = world.own(row.about, world["Alice"])
        before = world.contents()
        path = row.path.format(guid=thing, word=thing)
        answer = browser.post(path, content=b'{"confirmed": "yes", "name": "x=y"}', headers={"Content-Type": kind})
        assert answer.status_code == 415, questions.told(row, answer)
        assert world.contents() == before, f"{row} read {kind}"


def test_changes_nothing_by_looking(world: World) -> None:
    """A GET with a form's fields in its address is a look, whoever sends it."""
    browser = world.signed_in("Alice")
    for row in POSTS:
        if row.about == "set-up link":
            continue
        thing = world.own(row.about, world["Alice"])
        before = world.contents()
        fields = {name: "".join(value).replace("{guid}", thing) for name, value in row.form.items()}
        browser.get(row.path.format(guid=thing, word=thing), params=fields)
        assert world.contents() == before, f"GET {row.path} changed something"


def test_takes_our_origin_where_a_browser_says_no_more(world: World) -> None:
    browser = sent_as(world.signed_in("Alice"), {"Origin": world.settings.issuer})
    assert browser.post("/theme", data={"theme": "dark"}).status_code == 303


def test_lets_no_other_site_read(world: World) -> None:
    browser = world.signed_in("Alice")
    for asking in (FOREIGN, "null", world.settings.issuer):
        for method in ("GET", "OPTIONS"):
            answer = browser.request(
                method, "/developers", headers={"Origin": asking, "Access-Control-Request-Method": "POST"}
            )
            assert not [name for name in answer.headers if name.startswith("access-control-")], (asking, method)


class TestNoticesPlantedFlaws:
    """The questions are asked of a house with one guard taken away, and must be answered wrongly."""

    def test_forms_from_anywhere(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(origin, "is_ours", lambda *_: True)
        with pytest.raises(AssertionError):
            test_does_nothing_for(world, "another site")

    def test_a_door_left_open(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Actor, "must", lambda *_, **__: None)
        monkeypatch.setattr(Actor, "must_there", lambda *_, **__: None)
        with pytest.raises(AssertionError):
            questions.test_refuses_whoever_may_not_and_changes_nothing(world)
