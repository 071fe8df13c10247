"""Every page answers the same four questions: signed out, the wrong role, somebody else's, and the right person."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from httpx2 import Response

from ostiary import clock
from ostiary.app import PAGES
from ostiary.crypto import guids
from ostiary.users.models import Role
from ostiary.web.pages import Who
from tests.pages.guarded import faults
from tests.pages.rows import ROWS, Row
from tests.pages.things import World

pytestmark = pytest.mark.any_database

ROUTES = {f"{route.method} {route.path}": route for table in PAGES for route in table.routes}

NEW = "w" * 43
# Each form that counts once has a word of its own.
FORM_WORD = re.compile(r'name="word" value="[^"]+"')


def who(row: Row) -> Who:
    return ROUTES[row.route].who


def told(row: Row, answer: Response) -> str:
    """For the message of an assert."""
    where = answer.headers.get("location", "")
    return f"{row}: {answer.status_code} {where}\n{answer.text[-1500:] if answer.status_code != 303 else ''}"


def assert_guarded(row: Row, answer: Response) -> None:
    assert faults(answer, is_https=False) == [], told(row, answer)


def test_knows_every_page_there_is() -> None:
    rows = {row.route for row in ROWS}
    missing, gone = sorted(ROUTES.keys() - rows), sorted(rows - ROUTES.keys())
    assert not missing, (
        f"{missing}: add a Row to tests/pages/rows.py that says what the page is about, which roles may, "
        "and what its form sends; what it is about is made in tests/pages/things.py"
    )
    assert not gone, f"{gone}: no such page any more, so take its Row out of tests/pages/rows.py"


def test_asks_whoever_is_signed_out_to_sign_in(world: World) -> None:
    for row in ROWS:
        if who(row) is Who.ANYBODY:
            continue
        thing = world.own(row.about, world["Alice"])
        before = world.contents()
        answer = world.ask(world.stranger(), row, thing)
        if row.method == "GET":
            path = row.path.format(guid=thing, word=thing)
            asked = "" if path == "/" else f"?next={path.replace('/', '%2F')}"
            assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in{asked}"), told(row, answer)
        else:
            assert answer.status_code == 401, told(row, answer)
            assert "You were signed out" in answer.text
        assert_guarded(row, answer)
        assert world.contents() == before, f"{row} changed something for a stranger"


def test_leads_whoever_belongs_nowhere_to_the_start(world: World) -> None:
    for row in ROWS:
        if who(row) is not Who.MEMBER:
            continue
        answer = world.ask(world.signed_in("Nemo"), row, world.own(row.about, world["Alice"]))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/start"), told(row, answer)
        assert_guarded(row, answer)


def test_refuses_whoever_may_not_and_changes_nothing(world: World) -> None:
    for row in ROWS:
        for role in sorted(frozenset(Role) - row.may):
            thing = world.own(row.about, world.person(role))
            before = world.contents()
            answer = world.ask(world.signed_in(world.person(role).name), row, thing)
            assert answer.status_code == 403, f"{role}: {told(row, answer)}"
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert_guarded(row, answer)
            assert world.contents() == before, f"{row} changed something for {role}"


def test_answers_about_somebody_elses_as_about_nobodys(world: World) -> None:
    for row in ROWS:
        if not row.about:
            continue
        nobody, foreign = guids.new(), world.foreign(row.about)
        before = world.contents()
        browser = world.signed_in("Alice") if who(row) is not Who.ANYBODY else world.stranger()
        theirs, nobodys = (world.ask(browser, row, guid, NEW) for guid in (foreign, nobody))
        assert theirs.status_code == nobodys.status_code == row.elsewhere, told(row, theirs)
        # The address of the page stands in its colour switch.
        assert theirs.text.replace(foreign, "") == nobodys.text.replace(nobody, ""), str(row)
        assert_guarded(row, theirs)
        assert world.contents() == before, f"{row} changed something of somebody else's"


def test_takes_a_foreign_guid_in_the_address_for_nobodys(world: World) -> None:
    key, member = world.foreign("key"), world.foreign("member")
    foreign = {"bank": world.foreign("bank"), "key": key, "before": key, "after": key, "person": member}
    with time_machine.travel(clock.now(), tick=False):
        browser = world.signed_in("Alice")
        for row in ROWS:
            if row.method != "GET" or row.about or who(row) is Who.ANYBODY:
                continue
            for name, theirs in foreign.items():
                nobody = guids.new()
                their, nobodys = (browser.get(row.path, params={name: guid}) for guid in (theirs, nobody))
                assert their.status_code == nobodys.status_code, f"{row} with {name}"
                texts = [
                    FORM_WORD.sub("", text)
                    for text in (their.text.replace(theirs, ""), nobodys.text.replace(nobody, ""))
                ]
                assert texts[0] == texts[1], f"{row} with {name}"


def right_people(row: Row, world: World) -> Iterator[tuple[str, Role]]:
    for role in sorted(row.may):
        yield world.person(role).name, role


def test_opens_to_the_right_person(world: World) -> None:
    for row in ROWS:
        for name, role in [("", Role.OWNER)] if who(row) is Who.ANYBODY else right_people(row, world):
            thing = world.own(row.about, world.person(role))
            answer = world.ask(world.signed_in(name) if name else world.stranger(), row, thing)
            assert answer.status_code in {200, 303}, f"{role}: {told(row, answer)}"
            assert "next=" not in answer.headers.get("location", ""), f"{role}: {told(row, answer)}"
            assert_guarded(row, answer)
