"""The page on which a person lets a program in: it says who asks for what, and only the right answer counts."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
import time_machine
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.banks.models import Bank
from ostiary.events.models import Event
from ostiary.oauth.models import DeviceCode
from ostiary.users.models import Login
from tests.people import Cast, add_membership, signed_in
from tests.programs import ADDRESS, Program, approve, refusal, words
from tests.signed_in import cast, program
from tests.users.ways_in import PASSWORD, sign_in

__all__ = ["cast", "program"]

pytestmark = pytest.mark.any_database


MISTAKE = "No program waits with this code"


def logins(cast: Cast) -> list[Login]:
    with cast.store.reading() as db:
        return list(db.scalars(sa.select(Login)))


def test_leads_back_to_the_code_after_signing_in(cast: Cast, program: Program) -> None:
    code = program.begin()
    answer = cast.stranger().get(f"/device?user_code={code}")
    assert answer.headers["location"] == f"/sign-in?next=%2Fdevice%3Fuser_code%3D{code}"
    back = cast.signed_in("Alice").get(answer.headers["location"])
    assert back.headers["location"] == f"/device?user_code={code}"


def test_says_who_asks_for_what_and_warns(cast: Cast, program: Program) -> None:
    code = program.begin(scope="banks:read customers:execute users:execute", bank_guid=cast.north)
    said = words(cast.signed_in("Dana").get("/device", params={"user_code": code}).text)
    for part in (
        f"Code {code}",
        "Program Ostiary&#39;s command line on Linux",
        f"From the address {ADDRESS}",
        "Organization Acme",
        "Bank North (sandbox)",
        "used every 7 days, and at most 30 days",
        "Approve only what you started yourself",
        "Create, delete and start customers",
        "Read banks",
        "2 scopes",
    ):
        assert part in said, part
    # Dana's role does not hold it, so nobody is asked about it.
    assert "users:execute" not in said


def test_reads_a_code_however_it_is_typed(cast: Cast, program: Program) -> None:
    code = program.begin()
    browser = cast.signed_in("Alice")
    for typed in (code, code.lower(), code.replace("-", ""), f" {code[:4]} {code[5:]}\n"):
        assert "Let this program in as Alice?" in browser.get("/device", params={"user_code": typed}).text, typed


@pytest.mark.parametrize("is_named", [True, False])
def test_says_that_a_bank_does_not_confine_it(cast: Cast, program: Program, is_named: bool) -> None:
    code = program.begin(**({"bank_guid": cast.south} if is_named else {}))
    said = words(cast.signed_in("Alice").get("/device", params={"user_code": code}).text)
    where = "runs in South" if is_named else "runs in this one"
    told = f"{where}. The rights otherwise hold in the whole organization, also for its other banks."
    assert said.count(told) == 1


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "BCDF", "AEIO-UAEI", "x" * 1000, "%00", "\u00df" * 8])
def test_knows_no_other_code(cast: Cast, program: Program, typed: str) -> None:
    program.begin()
    browser = cast.signed_in("Alice")
    for answer in (browser.get("/device", params={"user_code": typed}), approve(cast, browser, typed)):
        assert answer.status_code == 404
        assert MISTAKE in answer.text
    assert logins(cast) == []


def test_makes_whoever_tries_out_codes_wait(cast: Cast, program: Program) -> None:
    code = program.begin()
    with time_machine.travel(clock.now(), tick=False):
        browser = cast.signed_in("Mallory")
        statuses = [approve(cast, browser, f"BCDF-GHJ{last}", cast.globex).status_code for last in "BCDFGHJKLM"]
        assert statuses == [404] * 10
        refused = browser.get("/device", params={"user_code": code})
        assert (refused.status_code, "Too many attempts" in refused.text) == (429, True)
        assert int(refused.headers["retry-after"]) == 900
        assert refused.headers["ratelimit"].endswith(";r=0;t=900")
        assert approve(cast, browser, code, cast.globex).status_code == 429
        # A place elsewhere does not help.
        assert approve(cast, cast.signed_in("Mallory", "192.0.2.1"), code, cast.globex).status_code == 429
        # Nobody else is kept waiting, not even at the same place.
        assert cast.signed_in("Alice").get("/device", params={"user_code": code}).status_code == 200


def test_keeps_nobody_from_signing_in_who_shares_the_place_of_a_guesser(cast: Cast) -> None:
    carol = cast.join("Carol", "viewer", password=PASSWORD).email
    browser = cast.signed_in("Mallory")
    statuses = [approve(cast, browser, f"BCDF-GHJ{last}", cast.globex).status_code for last in "BCDFGHJKLMN"]
    assert statuses == [404] * 10 + [429]
    assert sign_in(cast.stranger(), carol).status_code == 303


def test_takes_one_answer(cast: Cast, program: Program) -> None:
    code = program.begin()
    alice, dana = cast.signed_in("Alice"), cast.signed_in("Dana")
    assert approve(cast, alice, code).headers["location"] == "/device?done=login-approved"
    assert "return to the terminal" in alice.get("/device?done=login-approved").text
    for again in (approve(cast, alice, code), approve(cast, dana, code)):
        assert (again.status_code, MISTAKE in again.text) == (404, True)
    assert dana.post("/device/denial", data={"user_code": code}).status_code == 404
    assert [each.membership_guid for each in logins(cast)] == [cast["Alice"].membership_guid]


def test_takes_one_of_many_answers_at_once(cast: Cast, program: Program) -> None:
    code = program.begin()
    browsers = [cast.signed_in(name) for name in ("Alice", "Dana", "Bob")]
    barrier = Barrier(len(browsers))

    def answer(browser: TestClient) -> int:
        barrier.wait()
        return approve(cast, browser, code).status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = sorted(pool.map(answer, browsers))
    assert statuses[0] == 303
    assert set(statuses[1:]) <= {404, 409}
    assert len(logins(cast)) == 1


def test_asks_for_a_tick(cast: Cast, program: Program) -> None:
    answer = approve(cast, cast.signed_in("Alice"), program.begin(), confirmed="")
    assert (answer.status_code, "Tick the box" in answer.text) == (422, True)
    assert logins(cast) == []


@pytest.mark.parametrize("how", ["named", "chosen"])
@pytest.mark.parametrize("which", ["east", "closed", "nobody's"])
def test_takes_a_foreign_bank_for_nobodys(cast: Cast, program: Program, how: str, which: str) -> None:
    with cast.store.writing() as db:
        db.execute(sa.update(Bank).where(Bank.guid == cast.south).values(closed_at=clock.now()))
    guid = {"east": cast.east, "closed": cast.south, "nobody's": "0" * 32}[which]
    code = program.begin(**({"bank_guid": guid} if how == "named" else {}))
    browser = cast.signed_in("Alice")
    shown = browser.get("/device", params={"user_code": code}).text
    assert "East" not in shown
    if how == "named":
        assert "The program asks for a bank that is not here" in shown
        assert 'action="/device/approval"' not in shown
    answer = approve(cast, browser, code, bank_guid=guid if how == "chosen" else "")
    assert (answer.status_code, "a bank that is not here" in answer.text) == (422, True)
    assert logins(cast) == []
    assert refusal(program.poll())[1] == "authorization_pending"


def test_lets_nobody_choose_another_bank_than_was_named(cast: Cast, program: Program) -> None:
    approve(cast, cast.signed_in("Alice"), program.begin(bank_guid=cast.north), bank_guid=cast.south)
    assert [each.bank_guid for each in logins(cast)] == [cast.north]


def test_says_that_the_role_holds_nothing_of_it(cast: Cast, program: Program) -> None:
    code = program.begin(scope="customers:execute")
    browser = cast.signed_in("Bob")
    assert "Your role holds nothing" in browser.get("/device", params={"user_code": code}).text
    assert approve(cast, browser, code).status_code == 422
    assert logins(cast) == []


def test_counts_for_the_organization_it_was_shown_for(cast: Cast, program: Program) -> None:
    both = add_membership(cast.store, cast["Dana"], cast.globex, "owner")
    code = program.begin()
    browser = signed_in(cast.ostiary, cast.settings, cast["Dana"])
    here = f"/device?user_code={code}"
    assert "Globex" in browser.get(here).text
    moved = browser.post("/organizations/selection", data={"organization_guid": cast.globex, "next": here})
    assert moved.headers["location"] == here
    # A form that another tab had open for Acme.
    assert approve(cast, browser, code).status_code == 409
    assert logins(cast) == []
    assert approve(cast, browser, code, cast.globex).status_code == 303
    assert [each.membership_guid for each in logins(cast)] == [both.membership_guid]


def test_leads_nowhere_else_after_another_organization(cast: Cast) -> None:
    form = {"organization_guid": cast.acme, "next": "//evil.example"}
    assert cast.signed_in("Alice").post("/organizations/selection", data=form).headers["location"] == "/"


def test_tells_the_trail(cast: Cast, program: Program) -> None:
    browser = cast.signed_in("Dana")
    approve(cast, browser, program.begin(scope="banks:read", bank_guid=cast.north))
    browser.post("/device/denial", data={"user_code": program.begin()})
    with cast.store.reading() as db:
        made, denied = db.scalars(sa.select(Event).where(Event.event_type.startswith("login.")).order_by(Event.guid))
    assert (made.event_type, denied.event_type) == ("login.created", "login.denied")
    assert (made.actor_guid, made.bank_guid) == (cast["Dana"].membership_guid, cast.north)
    assert made.facts == {
        "program": "Ostiary's command line on Linux",
        "program_address": ADDRESS,
        "scopes": ["banks:read"],
    }
    said = words(browser.get("/activity").text)
    assert "Dana signed in with a program" in said
    assert "Dana refused to sign a program in" in said
    assert "login.created" in browser.get("/activity.csv?type=login").text


def test_shows_nothing_that_a_program_makes_up(cast: Cast, program: Program) -> None:
    program.http.headers["User-Agent"] = "<script>alert(1)</script> Your bank's security team"
    said = cast.signed_in("Alice").get("/device", params={"user_code": program.begin()}).text
    assert "security team" not in said
    assert "An unknown program" in said


def test_refuses_a_form_of_another_site(cast: Cast, program: Program) -> None:
    browser = cast.signed_in("Alice")
    browser.headers["Sec-Fetch-Site"] = "cross-site"
    code = program.begin()
    assert approve(cast, browser, code).status_code == 403
    assert browser.post("/device/denial", data={"user_code": code}).status_code == 403
    with cast.store.reading() as db:
        assert [each.is_decided for each in db.scalars(sa.select(DeviceCode))] == [False]
